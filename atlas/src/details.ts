/** The panel that answers: a region, or the bent line of a unit. */

import { type Description, type Inequality, describe, pointsInside, toJson, toLatex, unitLabel } from "./describe";
import { copy, el } from "./dom";
import type { Model } from "./model";
import { grouped, linear, short } from "./numbers";
import { css, layerColor } from "./palette";
import { OUTSIDE, type Partition } from "./partition";
import { AXES } from "./solid";

export interface Actions {
  /** Bring a region into view. */
  show(series: number, region: number): void;
  /** Zoom to its Chebyshev ball. */
  showBall(series: number, region: number): void;
  say(text: string): void;
}

const MAX_ROWS = 200;

export class Details {
  readonly element = el("section", { id: "details", "aria-label": "What is selected", tabindex: "-1" });

  constructor(
    private readonly model: Model,
    private readonly actions: Actions,
  ) {}

  update(): void {
    const { model } = this;
    const selection = model.selection;
    delete this.element.dataset.region;
    delete this.element.dataset.code;
    delete this.element.dataset.unit;
    if (!selection) {
      this.element.replaceChildren(this.summary());
      return;
    }
    const partition = model.partition(selection.series);
    const parts: Node[] = [];
    if (selection.bit !== null) parts.push(this.unit(partition, selection.bit));
    if (selection.key !== null) {
      const region = model.selected(partition);
      parts.push(region === OUTSIDE ? this.absent(partition, selection.key) : this.region(partition, region));
    }
    this.element.replaceChildren(...parts);
  }

  private summary(): Node {
    const box = el("div", { class: "card" });
    for (const series of this.model.panes) {
      const p = this.model.partition(series);
      const depth = p.network.depth;
      box.append(
        el("h2", {}, p.name),
        facts([
          ...this.counts(series, p),
          ["Hidden layers", String(depth)],
          ["Units per layer", shape(p.network.widths)],
          ["Smallest inradius", short(p.radii.reduce((a, b) => Math.min(a, b), Infinity))],
        ]),
      );
    }
    const thin = el("button", { click: () => this.thinnest() }, "Go to the thinnest region");
    box.append(
      el("p", { class: "hint" }, "Click a region to ask what holds there, or a boundary for its unit. Press ? for the keys. Drop a network file on the page to compare."),
      thin,
    );
    return box;
  }

  /** How many regions there are: on the map, and in space. */
  private counts(series: number, p: Partition): [string, string][] {
    const solid = this.model.solid(series);
    const name = p.complete ? "Activation regions" : "Regions found, not all";
    const linear: [string, string][] = p.isMerged ? [[`Linear regions${solid ? ", on the plane" : ""}`, grouped(p.linear.count)]] : [];
    if (!solid) return [[name, grouped(p.count)], ...linear];
    return [
      [`${name}, on the plane`, grouped(p.count)],
      ...linear,
      [`${name}, in the domain`, grouped(solid.count)],
    ];
  }

  /** Go to the thinnest region; from it to the next thinner. */
  thinnest(): void {
    const series = this.model.panes[0];
    const region = this.model.thinnest(series);
    this.model.selectRegion(series, region);
    this.actions.showBall(series, region);
  }

  private absent(p: Partition, key: string): Node {
    const { model, actions } = this;
    const { series } = model.selection!;
    const text = model.cutting ? `The plane ${p.name} misses the region that was selected.` : `The code that was selected belongs to no region of ${p.name}.`;
    const bring = () => {
      model.bring(series, key);
      actions.show(series, model.selected(model.partition(series)));
    };
    const known = (model.solid(series)?.find(key) ?? OUTSIDE) !== OUTSIDE;
    return el(
      "div",
      { class: "card" },
      el("h2", {}, model.cutting ? "Not on this plane" : "Not in this partition"),
      el("p", {}, text),
      el(
        "div",
        { class: "row" },
        known && el("button", { click: bring }, "Move the plane to it"),
        el("button", { click: () => model.select(null) }, "Clear"),
      ),
    );
  }

  private region(p: Partition, r: number): Node {
    const { model } = this;
    const d = describe(p, r);
    this.element.dataset.region = String(r);
    this.element.dataset.code = d.code;
    const inside = pointsInside(p, r, model.header.points, model.frame);
    const rows: [string, string][] = [
      ["Area", short(d.area)],
      ["Inradius", short(d.inradius)],
      ["Chebyshev center", `(${d.center.map((v) => short(v, 6)).join(", ")})`],
      ["Gradient norm", d.gradients.map((g) => short(g)).join(", ")],
      ["Neighbors", String(d.inequalities.filter((i) => i.neighbor !== OUTSIDE).length)],
      ...this.linear(p, r),
      ...this.extent(p, r),
      ...this.counterpart(p, r),
      ...inside.map(({ name, count, wrong }): [string, string] => [`Points, ${name}`, `${grouped(count)}, ${grouped(wrong)} wrong`]),
    ];
    return el(
      "div",
      { class: "card" },
      el("h2", {}, `Region ${grouped(r + 1)} of ${grouped(p.count)}`),
      this.buttons(p, d),
      el("h3", {}, "Hash code"),
      this.code(p, d),
      el("h3", {}, model.cutting ? `Affine map on the plane ${p.name}` : "Affine map"),
      ...d.maps.slice(0, MAX_ROWS).map(({ ax, ay, b }, i) =>
        el("p", { class: "math" }, `${d.maps.length > 1 ? `f${i + 1}` : "f"}(x) = ${linear(ax, ay, b, model.axes)}`),
      ),
      facts(rows),
      el("h3", {}, `Irredundant inequalities (${d.inequalities.length})`),
      this.inequalities(p, d),
    );
  }

  /** How many activation regions have this affine map, in one piece with this one. */
  private linear(p: Partition, r: number): [string, string][] {
    if (!p.isMerged) return [];
    const { first } = p.linear;
    const size = first.reduce((sum, root) => sum + Number(root === first[r]), 0);
    return [["Its linear region", size === 1 ? "it alone" : `${grouped(size)} activation regions`]];
  }

  /** Of a plane through space: where along its axis the region begins and ends. */
  private extent(p: Partition, r: number): [string, string][] {
    const { model } = this;
    const solid = model.solid(model.selection!.series);
    if (!solid) return [];
    const [low, high] = solid.extent(solid.find(p.key(r)), model.axis);
    return [[`Extent along ${AXES[model.axis]}`, `${short(low)} to ${short(high)}`]];
  }

  /** Of two networks: the region of the other one that has this code. */
  private counterpart(p: Partition, r: number): [string, string][] {
    const { model } = this;
    const other = model.other(model.selection!.series);
    if (!other) return [];
    const found = other.codes.get(p.key(r));
    return [[`This code in ${other.name}`, found === undefined ? "no region" : `region ${grouped(found + 1)}`]];
  }

  private buttons(p: Partition, d: Description): Node {
    const { model } = this;
    const { series } = model.selection!;
    const copied = (what: string, text: string) => async () =>
      this.actions.say((await copy(text)) ? `Copied as ${what}.` : "This browser did not let the page copy.");
    return el(
      "div",
      { class: "row" },
      el("button", { click: () => this.actions.show(series, d.region) }, "Zoom to region"),
      el("button", { click: () => this.actions.showBall(series, d.region) }, "Zoom to ball"),
      el("button", { id: "copy-json", click: copied("JSON", toJson(p, d, model.plane)) }, "Copy JSON"),
      el("button", { id: "copy-latex", click: copied("LaTeX", toLatex(d, model.axes)) }, "Copy LaTeX"),
      el("button", { "aria-label": "Clear the selection", click: () => model.select(null) }, "Clear"),
    );
  }

  /** One square per unit, filled where it is on, ringed where it bounds the region. */
  private code(p: Partition, d: Description): Node {
    const bounding = new Set(d.inequalities.map((i) => i.bit));
    const digits = d.code.split("-");
    const long = d.layers.length > 10;
    const list = el("ol", { class: "code", ...(long ? { tabindex: "0", "aria-label": "Hash code by layer" } : {}) });
    d.layers.forEach((bits, layer) => {
      const on = bits.filter(Boolean).length;
      const label = `Layer ${layer + 1}: ${digits[layer]}, ${on} of ${bits.length} units on`;
      const cells = el("span", { class: "bits", role: "img", "aria-label": label });
      cells.style.color = css(layerColor(layer, p.network.depth, this.model.dark));
      if (bits.length <= 64) {
        bits.forEach((bit, i) => {
          const edge = bounding.has(p.network.firstBit[layer] + i);
          cells.append(el("i", { class: `${bit ? "on" : "off"}${edge ? " edge" : ""}` }));
        });
      }
      list.append(el("li", {}, el("span", { class: "hex" }, digits[layer]), cells));
    });
    return list;
  }

  private inequalities(p: Partition, d: Description): Node {
    const list = el("ul", { class: "inequalities" });
    for (const entry of d.inequalities.slice(0, MAX_ROWS)) list.append(this.inequality(p, d, entry));
    return list;
  }

  private inequality(p: Partition, d: Description, entry: Inequality): Node {
    const { model } = this;
    const { series } = model.selection!;
    const { ax, ay, b } = entry.row;
    const key = p.key(d.region);
    const text = `${linear(ax, ay, b, model.axes)} > 0`;
    const mark = el("span", { class: "swatch" });
    if (entry.bit === null) return el("li", {}, mark, el("span", { class: "unit" }, entry.label), el("span", { class: "math" }, text));
    mark.style.background = css(layerColor(p.network.units[entry.bit].layer, p.network.depth, model.dark));
    const pick = () => model.select({ series, key, bit: entry.bit, corner: entry.corner });
    const chosen = model.selection!.bit === entry.bit;
    const unit = el("button", { class: "unit", click: pick, "aria-pressed": String(chosen) }, mark, entry.label);
    const item = el("li", {}, unit, el("span", { class: "math" }, text));
    if (entry.neighbor !== OUTSIDE) {
      const go = () => model.selectRegion(series, entry.neighbor);
      item.append(el("button", { class: "go", click: go, "aria-label": `Region ${entry.neighbor + 1}, across ${entry.label}` }, `→ ${grouped(entry.neighbor + 1)}`));
    }
    return item;
  }

  private unit(p: Partition, bit: number): Node {
    this.element.dataset.unit = unitLabel(p, bit);
    const sides = p.sidesOf(bit);
    const touched = new Set<number>();
    let length = 0;
    for (const k of sides) {
      const r = p.regionOf(k);
      const n = p.next(r, k);
      length += Math.hypot(p.x(n) - p.x(k), p.y(n) - p.y(k));
      touched.add(r).add(p.across(k));
    }
    touched.delete(OUTSIDE);
    const title = unitLabel(p, bit);
    return el(
      "div",
      { class: "card" },
      el("h2", {}, title[0].toUpperCase() + title.slice(1)),
      el("p", { class: "hint" }, "Its zero set, the bent line on which it switches, is highlighted."),
      facts([
        ["Pieces", grouped(sides.length)],
        ["Length", short(length)],
        ["Regions bounded", grouped(touched.size)],
      ]),
      el("div", { class: "row" }, el("button", { click: () => this.model.select(null) }, "Clear")),
    );
  }
}

export function shape(widths: number[]): string {
  const same = widths.every((w) => w === widths[0]);
  return same && widths.length > 1 ? String(widths[0]) : widths.join(", ");
}

function facts(rows: [string, string][]): Node {
  const list = el("dl", {});
  for (const [name, value] of rows) list.append(el("dt", {}, name), el("dd", {}, value));
  return list;
}
