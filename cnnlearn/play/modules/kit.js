// What all figures share: elements, pictures, colours, a guess, numbers that are read out.

const VIRIDIS = ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"];
const PUOR = ["7f3b08", "b35806", "e08214", "fdb863", "fee0b6", "f7f7f7", "d8daeb", "b2abd2", "8073ac", "542788", "2d004b"];

const STYLE = `
.play { max-width: 46rem; margin: 1rem 0; line-height: 1.45; container-type: inline-size; }
.play * { box-sizing: border-box; }
.play fieldset { border: 1px solid; border-radius: .4rem; margin: 0 0 1rem; padding: .6rem .9rem; min-width: 0; }
.play legend { font-weight: 600; padding: 0 .3rem; }
.play button, .play select { font: inherit; color: inherit; background: transparent; border: 1px solid; border-radius: .4rem;
  padding: .35rem .7rem; min-height: 2.2rem; margin: .15rem .3rem .15rem 0; cursor: pointer; }
.play option { color: initial; }
.play button:hover { background: color-mix(in srgb, currentColor 8%, transparent); }
.play button[aria-pressed=true] { background: color-mix(in srgb, currentColor 16%, transparent); outline: 2px solid; }
.play :focus-visible { outline: 3px solid #2a7de1; outline-offset: 2px; }
.play canvas { display: block; width: 100%; image-rendering: pixelated; border: 1px solid; }
.play .row { display: flex; flex-wrap: wrap; gap: .8rem; align-items: start; margin: .6rem 0; }
.play .row > * { min-width: 0; }
.play .picture { width: 9rem; margin: 0; }
.play figcaption, .play small { font-size: .85em; }
.play .number { font-variant-numeric: tabular-nums; font-weight: 600; }
.play .learned { border-left: 4px solid; padding-left: .8rem; }
.play svg { display: block; width: 100%; max-width: 26rem; height: auto; overflow: visible; }
.play svg text { fill: currentColor; }
@container (max-width: 30rem) { .play .picture { width: 8rem; } }
@media (prefers-reduced-motion: no-preference) { .play button { transition: background .15s; } }`;

/** An element with properties, attributes (names with a dash, and role) and children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** An element of an SVG drawing. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(h("div", { innerHTML: "<svg></svg>" }).firstChild.namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Empties `el` (the picture for readers without scripts goes) and returns the figure's own box in it. */
export function stage(el, label) {
  const box = h("div", { className: "play", role: "group", "aria-label": label });
  el.replaceChildren(h("style", { textContent: STYLE }), box);
  return box;
}

/** Asks first. `reveal(answer, said)` is called once, with the choice and a place for what to say about it. */
export function guess(box, question, choices, reveal) {
  const said = h("p", { role: "status", "aria-live": "polite" });
  const buttons = choices.map((choice, index) =>
    h("button", {
      type: "button", textContent: choice, "aria-pressed": "false",
      onclick: () => {
        if (said.textContent) return;
        buttons.forEach((button, other) => {
          button.setAttribute("aria-pressed", other === index);
          button.setAttribute("aria-disabled", "true");
        });
        reveal(index, said);
      },
    }));
  box.append(h("fieldset", { className: "guess" }, h("legend", { textContent: "Guess first" }),
    h("p", { textContent: question }), ...buttons, said));
}

/** A line that screen readers read out when it changes. */
export function live() {
  return h("p", { role: "status", "aria-live": "polite", className: "number" });
}

export const button = (textContent, onclick) => h("button", { type: "button", textContent, onclick });

/** A choice from a list. */
export function select(label, names, chosen, changed) {
  const list = h("select", { onchange: () => changed(list.selectedIndex) }, ...names.map((name) => h("option", {}, name)));
  list.selectedIndex = chosen;
  return h("label", {}, `${label} `, list);
}

const channels = (hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));

function between(stops, share) {
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(place), stops.length - 2);
  const [from, to] = [channels(stops[low]), channels(stops[low + 1])];
  return from.map((value, channel) => value + (place - low) * (to[channel] - value));
}

/** The colour of a share from 0 to 1. */
export const viridis = (share) => between(VIRIDIS, share);

/** The colour of a number from −1 (orange, against) by 0 (white) to 1 (purple, for). */
export const signed = (number) => between(PUOR, (number + 1) / 2);

export const css = (colour) => `rgb(${colour.map(Math.round).join(",")})`;

/** Paints rows of colours, one pixel each. */
export function paint(canvas, rows) {
  canvas.height = rows.length;
  canvas.width = rows[0].length;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  rows.flat().forEach((colour, at) => pixels.data.set([...colour.map(Math.round), 255], 4 * at));
  context.putImageData(pixels, 0, 0);
}

/** A canvas with a caption; returns both. `alt` can be changed with `canvas.setAttribute("aria-label", …)`. */
export function picture(caption, alt, rows) {
  const canvas = h("canvas", { role: "img", "aria-label": alt });
  if (rows) paint(canvas, rows);
  return { canvas, figure: h("figure", { className: "picture" }, canvas, h("figcaption", {}, caption)) };
}

/** Bars to both sides of zero; `rows` are {name, value, mark}: a mark is a thin line, for comparison. */
export function bars(rows, label) {
  const numbers = rows.flatMap((row) => [row.value, row.mark ?? 0, 0]);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const scale = (value) => 60 + (210 * (value - low)) / (high - low || 1);
  const drawing = svg("svg", { viewBox: `0 0 330 ${20 * rows.length}`, role: "img", "aria-label": label });
  rows.forEach(({ name, value, mark }, at) => {
    const [from, to] = [scale(0), scale(value)].sort((a, b) => a - b);
    const top = 20 * at;
    drawing.append(
      svg("text", { x: 0, y: top + 14, "font-size": 12 }, name),
      svg("rect", { x: from, y: top + 3, width: to - from, height: 13, fill: value < 0 ? "#e08214" : "#8073ac" }),
      svg("text", { x: 280, y: top + 14, "font-size": 12 }, fixed(value)));
    if (mark !== undefined)
      drawing.append(svg("path", { d: `M${scale(mark)} ${top + 1}v17`, stroke: "currentColor", "stroke-width": 2 }));
  });
  drawing.append(svg("path", { d: `M${scale(0)} 0v${20 * rows.length}`, stroke: "currentColor", "stroke-width": 0.5 }));
  return drawing;
}

/** A number with two digits and a true minus sign. */
export const fixed = (value, digits = 2) => (Number(value.toFixed(digits)) + 0).toFixed(digits).replace("-", "−");
