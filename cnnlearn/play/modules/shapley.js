// Lesson 07: what a part adds depends on who is there already; its Shapley value is the average over all orders.
import { bars, button, fixed, guess, h, live, paint, stage } from "./kit.js";

const name = (player) => String.fromCharCode(65 + player);
const ORDERS = 24; // of four players

export function render({ data, el }) {
  const box = stage(el, "The order in which the parts of a picture come");
  const players = data.exact.length;
  let order = data.exact.map((_, player) => player);
  const counted = new Map(); // each order that was looked at counts once
  const bit = (player) => 1 << player;
  const all = data.logits.length - 1;
  const first = data.exact.map((_, player) => data.logits[bit(player)] - data.logits[0]);
  const last = data.exact.map((_, player) => data.logits[all] - data.logits[all ^ bit(player)]);
  const star = data.exact.indexOf(Math.max(...data.exact));

  const version = (coalition) => data.image.map((row, i) => row.map((colour, j) => (coalition & bit(data.segments[i][j]) ? colour : data.fill[i][j])));
  const outlined = () => data.image.map((row, i) => row.map((colour, j) => {
    const edge = [data.segments[i + 1]?.[j], data.segments[i][j + 1]].some((other) => other !== undefined && other !== data.segments[i][j]);
    return edge ? [255, 255, 255] : colour;
  }));
  const gains = (sequence) => {
    let coalition = 0;
    const added = Array(players);
    for (const player of sequence) {
      added[player] = data.logits[coalition | bit(player)] - data.logits[coalition];
      coalition |= bit(player);
    }
    return added;
  };
  const average = () => data.exact.map((_, player) => {
    const values = [...counted.values()].map((added) => added[player]);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });

  const whole = h("canvas", { role: "img", "aria-label": `A small photograph of a horse, cut into ${players} parts with white lines.` });
  paint(whole, outlined());
  const letters = h("div", { style: "position: absolute; inset: 0", "aria-hidden": "true" });
  for (const player of order) letters.append(letter(player));
  const work = h("div", { hidden: true });
  const steps = h("ol", { className: "row", "aria-label": "Parts in the order in which they come", style: "list-style: none; padding: 0" });
  const says = live();
  const chart = h("div");

  box.append(h("figure", { className: "picture" }, h("div", { style: "position: relative" }, whole, letters),
    h("figcaption", {}, `${players} parts of a horse`)));
  guess(box, `The picture is all blur and gets ${fixed(data.logits[0])} points for "${data.class}". Part ${name(star)} comes first and adds ` +
    `${fixed(first[star])}. How much will it add if it comes last, when the others are there already?`,
    ["more", "about the same", "less than half"],
    (answer, said) => {
      said.textContent = `${answer === 2 ? "Yes" : "No"}: it adds ${fixed(last[star])}. The others say much of the same. ` +
        "So which number is fair? Change the order below.";
      work.hidden = false;
      count();
    });
  box.append(work);
  work.append(
    h("p", {}, "Drag a part to another place, or move it with its arrows."), steps, says,
    button("Shuffle", () => { order = shuffled(); count(); }),
    button(`All ${ORDERS} orders`, () => { permutations(order).forEach((sequence) => counted.set(sequence.join(), gains(sequence))); count(); }),
    button("Forget all others", () => { counted.clear(); count(); }),
    chart,
    h("p", { className: "learned" }, "What was to be seen: a part is worth more or less by who came before it, but in each order " +
      "the gains add up to the same whole. Averaged over all orders, they are the Shapley values, and nobody had to choose an order."));

  function letter(player) {
    const cells = data.segments.flatMap((row, i) => row.flatMap((part, j) => (part === player ? [[i, j]] : [])));
    const [top, left] = [0, 1].map((axis) => (100 * (cells.reduce((sum, cell) => sum + cell[axis], 0) / cells.length + 0.5)) / data.segments.length);
    return h("span", { textContent: name(player), style: `position: absolute; top: ${top}%; left: ${left}%; transform: translate(-50%, -50%);` +
      "background: #fff; color: #000; border-radius: .3rem; padding: 0 .3rem; font-size: .85rem" });
  }

  function shuffled() {
    const drawn = [...order];
    for (let at = players - 1; at > 0; at -= 1) {
      const other = Math.floor(Math.random() * (at + 1));
      [drawn[at], drawn[other]] = [drawn[other], drawn[at]];
    }
    return drawn;
  }

  function permutations(items) {
    if (items.length < 2) return [items];
    return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
  }

  function move(from, to, focus) {
    if (to < 0 || to >= players || from === to) return;
    order.splice(to, 0, ...order.splice(from, 1));
    count();
    if (focus) steps.children[to].querySelector(`[data-way="${focus}"]`).focus();
  }

  function count() {
    counted.set(order.join(), gains(order));
    draw();
  }

  function draw() {
    const added = gains(order);
    let coalition = 0;
    steps.replaceChildren(...order.map((player, at) => {
      coalition |= bit(player);
      const score = data.logits[coalition];
      const canvas = h("canvas", { role: "img", "aria-label": `The picture with ${order.slice(0, at + 1).map(name).join(", ")}` });
      paint(canvas, version(coalition));
      const arrow = (sign, by, way) => h("button", { type: "button", textContent: sign, "aria-label": `${name(player)} ${way}`, "data-way": way,
        onclick: () => move(at, at + by, way) });
      const step = h("li", { style: "width: 7.5rem; touch-action: none; cursor: grab", "data-step": at }, canvas,
        h("strong", {}, name(player)), ` adds ${fixed(added[player])}`, h("br"), h("small", {}, `score ${fixed(score)}`), h("br"),
        arrow("←", -1, "earlier"), arrow("→", 1, "later"));
      step.addEventListener("pointerdown", (event) => {
        if (event.target.tagName === "BUTTON") return;
        event.preventDefault();
        window.addEventListener("pointerup", (end) => {
          const target = document.elementFromPoint(end.clientX, end.clientY)?.closest("[data-step]");
          if (target && steps.contains(target)) move(at, Number(target.dataset.step));
        }, { once: true });
      });
      return step;
    }));
    const soFar = average();
    says.textContent = `Order ${order.map(name).join(" ")}: ${order.map((player) => `${name(player)} ${fixed(added[player])}`).join(", ")}, ` +
      `together ${fixed(data.logits[all] - data.logits[0])}. Average over ${counted.size} of ${ORDERS} orders: ` +
      `${soFar.map((value, player) => `${name(player)} ${fixed(value)}`).join(", ")}.`;
    says.dataset.average = JSON.stringify(soFar);
    chart.replaceChildren(
      h("p", {}, `Bars: the average over ${counted.size} ${counted.size === 1 ? "order" : "orders"}. Thin lines: the exact Shapley values.`),
      bars(soFar.map((value, player) => ({ name: name(player), value, mark: data.exact[player] })),
        `Average gain of each part, and its Shapley value: ${soFar.map((value, player) => `${name(player)} ${fixed(value)}, exactly ${fixed(data.exact[player])}`).join("; ")}`));
  }
}
