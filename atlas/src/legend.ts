/** What the colors mean, in the field's terms, and which layers' boundaries show. */

import { numClasses } from "./classes";
import { el } from "./dom";
import type { Model } from "./model";
import { type Coloring, MODES, changeOf } from "./modes";
import { short } from "./numbers";
import { BORN, KEPT, LOST, changeColor, classColor, css, layerColor } from "./palette";
import type { Partition } from "./partition";
import { partsOf } from "./parts";

export class Legend {
  readonly element = el("section", { id: "legend", "aria-label": "Legend" });
  private shown = "";

  constructor(private readonly model: Model) {}

  update(p: Partition, coloring: Coloring): void {
    const { model } = this;
    const state = JSON.stringify([
      p.name, model.mode, model.output, model.boundaries, [...model.hidden], model.dark, model.layout, model.points, coloring.range,
    ]);
    if (state === this.shown) return;
    this.shown = state;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.layer : undefined;
    this.element.replaceChildren(this.fill(p, coloring), this.incomparable(), this.boundaries(p), this.points());
    if (focused !== undefined) this.element.querySelector<HTMLElement>(`[data-layer="${focused}"]`)?.focus();
  }

  private fill(p: Partition, coloring: Coloring): Node {
    const { model } = this;
    const f = p.numOutputs > 1 ? `f${model.output + 1}` : "f";
    const name = {
      output: `Output ${f}(x)`,
      gradient: `Gradient norm ‖∇${f}‖₂${model.cutting ? " on the plane" : ""}, log scale`,
      inradius: "Inradius (radius of the Chebyshev ball), log scale",
      code: "Activation pattern: 256 colors, by a hash of the code",
      layer: "Deepest layer among the facets",
      class: p.numOutputs === 1 ? `Class: sign of f(x)${model.header.threshold ? ` − ${short(model.header.threshold)}` : ""}` : "Class: largest output",
      parts: "Connected parts of the classes",
      change: MODES.change,
    }[coloring.mode];
    const box = el("div", { class: "group" }, el("h3", {}, name));
    if (coloring.range) box.append(this.ramp(coloring));
    if (coloring.mode === "class") {
      const count = coloring.palette.length;
      box.append(this.keys(Array.from({ length: count }, (_, i) => [css(classColor(i)), `class ${i}`])));
    }
    if (coloring.mode === "layer") {
      const names = coloring.palette.map((color, i): [string, string] => [css(color), i ? String(i) : "none"]);
      box.append(this.keys(names.slice(0, 41)));
    }
    if (coloring.mode === "parts") box.append(this.parts(p));
    if (coloring.mode === "change") box.append(this.changes());
    return box;
  }

  /** How many parts each class has, and how many of them are holes of what is around. */
  private parts(p: Partition): Node {
    const { list } = partsOf(p, this.model.header.threshold);
    const entries = Array.from({ length: numClasses(p) }, (_, cls): [string, string] => {
      const mine = list.filter((part) => part.cls === cls);
      const enclosed = mine.filter((part) => part.enclosed).length;
      return [css(classColor(cls)), `class ${cls}: ${mine.length} part${mine.length === 1 ? "" : "s"}, ${enclosed} enclosed`];
    });
    const box = this.keys(entries);
    box.append(el("li", {}, "dark: enclosed, a hole of what is around"));
    return box;
  }

  private ramp(coloring: Coloring): Node {
    const { low, high } = coloring.range!;
    const stops = coloring.palette.filter((_, i) => i % 15 === 0).map((color) => css(color));
    const bar = el("div", { class: "ramp" });
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    return el("div", {}, bar, el("div", { class: "ends" }, el("span", {}, `≤ ${short(low, 3)}`), el("span", {}, `≥ ${short(high, 3)}`)));
  }

  private keys(entries: [string, string][]): HTMLElement {
    const list = el("ul", { class: "keys" });
    for (const [color, text] of entries) {
      const mark = el("span", { class: "swatch" });
      mark.style.background = color;
      list.append(el("li", {}, mark, text));
    }
    return list;
  }

  private changes(): Node {
    const { model } = this;
    const [a, b] = [model.partition(0), model.partition(1)];
    let kept = 0;
    for (let r = 0; r < a.count; r++) if (changeOf(a, r, b, false) === KEPT) kept++;
    const color = (change: number) => css(changeColor(change, model.dark));
    return this.keys([
      [color(KEPT), `${kept} codes kept`],
      [color(LOST), `${a.count - kept} lost, only in ${a.name}`],
      [color(BORN), `${b.count - kept} born, only in ${b.name}`],
    ]);
  }

  /** Of two networks of other units: why no code is said to be kept, lost or born. */
  private incomparable(): Node {
    const { model } = this;
    if (!model.comparing || model.comparable) return el("span", {});
    const shapes = model.header.series.map(({ name }, i) => `${name}: ${model.network(i).shape}`).join("; ");
    return el(
      "div",
      { class: "group", id: "incomparable" },
      el("h3", {}, "Codes are not compared"),
      el("p", {}, `The hidden layers differ (${shapes}), so that a code of one network is no code of the other.`),
    );
  }

  /** A switch for the boundaries of each layer. */
  private boundaries(p: Partition): Node {
    const { model } = this;
    const depth = p.network.depth;
    if (model.boundaries === "none") return el("span", {});
    const box = el("div", { class: "group" }, el("h3", {}, "Boundaries made by the units of layer"));
    const row = el("div", { class: "chips", role: "group", "aria-label": "Layers whose boundaries show" });
    for (let layer = 0; layer < depth; layer++) {
      const on = !model.hidden.has(layer);
      const flip = () => {
        if (on) model.hidden.add(layer);
        else model.hidden.delete(layer);
        model.changed("look");
      };
      const chip = el(
        "button",
        { class: "chip", "aria-pressed": String(on), "aria-label": `Layer ${layer + 1}`, "data-layer": String(layer), click: flip },
        String(layer + 1),
      );
      if (model.boundaries === "layers") chip.style.setProperty("--chip", css(layerColor(layer, depth, model.dark)));
      row.append(chip);
    }
    box.append(row);
    return box;
  }

  private points(): Node {
    const { model } = this;
    if (!model.points || !model.header.points.length) return el("span", {});
    const entries = model.header.points.map(({ name, labels }, i): [string, string] => [
      `var(${i === 0 ? "--train" : "--val"})`,
      `${name}, ${labels.length.toLocaleString("en-US")} points`,
    ]);
    const list = this.keys(entries);
    if (model.mistakes) list.append(el("li", {}, el("span", { class: "cross" }, "×"), "mistake"));
    return el("div", { class: "group" }, el("h3", {}, "Points"), list);
  }
}
