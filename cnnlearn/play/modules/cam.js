// Lesson 03: a class activation map is a weighted sum of feature maps, and its mean plus the bias is the logit.
import { button, css, fixed, guess, h, live, paint, picture, select, signed, stage, viridis } from "./kit.js";

const SHOWN = 12;
const mean = (map) => map.flat().reduce((sum, value) => sum + value, 0) / map.flat().length;

export function render({ data, el }) {
  const box = stage(el, "Feature maps switched on and off");
  const horse = data.classes.indexOf("horse");
  let [image, chosen, on] = [0, horse, new Set()];

  const maps = (which) => data.weights.map((_, k) => data.features[which].map((row) => row.map((cell) => cell[k])));
  let all = maps(image);
  let means = all.map(mean);
  const gives = (k) => data.weights[k][chosen] * means[k];
  const order = () => means.map((_, k) => k).sort((a, b) => gives(b) - gives(a));

  // Half of what the class "horse" gets, by the strongest maps alone.
  let [needed, sum] = [0, data.biases[horse]];
  for (const k of order()) {
    if (sum > data.logits[0][horse] / 2) break;
    sum += gives(k);
    needed += 1;
  }
  const photograph = picture("What the network sees: 32 × 32 pixels.", `A small photograph of ${data.names[0]}.`);
  const total = picture("", "");
  const score = live();
  const switches = h("div", { role: "group", "aria-label": "Feature maps", className: "row" });
  const work = h("div", { hidden: true });

  guess(box, `A network gives this picture ${fixed(data.logits[0][horse])} points for "horse". They are a sum over 72 ` +
    "feature maps, plus a small bias. Begin with the strongest map. How many does it take to get half of the points?",
    [String(needed), String(4 * needed), String(12 * needed)],
    (answer, said) => {
      said.textContent = `${answer === 0 ? "Yes" : "Fewer than you think"}: ${needed} of the 72. Switch them on below and see.`;
      work.hidden = false;
    });
  box.append(h("div", { className: "row" }, photograph.figure, total.figure), work);
  work.append(
    h("div", { className: "row" },
      select("Picture", data.names, image, (index) => {
        image = index;
        all = maps(image);
        means = all.map(mean);
        restart();
      }),
      select("Class", data.classes, chosen, (index) => { chosen = index; restart(); })),
    score,
    button("All 72 on", () => { order().forEach((k) => on.add(k)); draw(); }),
    button("All off", () => { on.clear(); draw(); }),
    switches,
    h("p", { className: "learned" }, `What was to be seen: the map and the score are one sum. Three maps of 72 make half of ` +
      "the points for \"horse\"; of the others, more take a little off than add. Another class weighs the same maps " +
      "otherwise, and so it gets another map."));

  function restart() {
    on = new Set();
    draw(true);
  }

  function draw(anew = false) {
    if (anew) build();
    const weighed = all[0].map((row, i) => row.map((_, j) => [...on].reduce((sum, k) => sum + data.weights[k][chosen] * all[k][i][j], 0)));
    const logit = mean(weighed) + data.biases[chosen];
    const largest = Math.max(1, ...weighed.flat().map(Math.abs));
    const name = data.classes[chosen];
    paint(total.canvas, weighed.map((row) => row.map((value) => signed(value / largest))));
    total.canvas.setAttribute("aria-label", `The map for ${name}, 8 by 8 cells, from ${fixed(Math.min(...weighed.flat()))} to ` +
      `${fixed(Math.max(...weighed.flat()))}.`);
    total.figure.lastChild.textContent = `The map for "${name}". Purple speaks for it, orange against, up to ±${fixed(largest, 1)}.`;
    score.textContent = `${on.size} of 72 maps: mean of the map ${fixed(mean(weighed))} + bias ${fixed(data.biases[chosen])} = ` +
      `${fixed(logit)} for "${name}". The network says ${fixed(data.logits[image][chosen])}.`;
    score.dataset.logit = logit;
    for (const item of switches.children) item.setAttribute("aria-pressed", item.keys.every((k) => on.has(k)));
  }

  function build() {
    paint(photograph.canvas, data.images[image]);
    photograph.canvas.setAttribute("aria-label", `A small photograph of ${data.names[image]}.`);
    const sorted = order();
    const strongest = sorted.slice(0, SHOWN - 3);
    const against = sorted.slice(3 - SHOWN / 2);
    const largest = Math.max(...strongest.concat(against).flatMap((k) => all[k].flat()));
    const rest = sorted.slice(SHOWN - 3, 3 - SHOWN / 2);
    switches.replaceChildren(...[...strongest, ...against].map((k) => toggle([k], all[k], largest)), toggle(rest, null, largest));
  }

  function toggle(keys, map, largest) {
    const adds = keys.reduce((sum, k) => sum + gives(k), 0);
    const label = map ? `map ${keys[0]}` : `the other ${keys.length}`;
    const canvas = h("canvas", { "aria-hidden": "true" });
    if (map) paint(canvas, map.map((row) => row.map((value) => viridis(value / largest))));
    const item = h("button", {
      type: "button", style: "width: 6.2rem; margin: 0", keys,
      "aria-label": `${label}, adds ${fixed(adds)}`,
      onclick: () => {
        const off = keys.every((k) => on.has(k));
        keys.forEach((k) => (off ? on.delete(k) : on.add(k)));
        draw();
      },
    }, ...(map ? [canvas] : []), h("small", {}, label), h("br"),
      h("small", { className: "number", style: `border-bottom: 3px solid ${css(signed(Math.sign(adds) * 0.6))}` }, `${adds < 0 ? "" : "+"}${fixed(adds)}`));
    return item;
  }

  draw(true);
}
