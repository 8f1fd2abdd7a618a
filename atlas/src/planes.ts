/** The slider that moves a plane through a 3-D domain, and what it meets along the way. */

import { HEIGHT, Player, WIDTH, chart, key, line } from "./chart";
import { el, svg } from "./dom";
import type { Model } from "./model";
import { grouped, short } from "./numbers";
import { AXES } from "./solid";

/** Steps of the slider; any number can be typed beside it. */
const STEPS = 2000;
const PLAY_STEPS = 200;
const PLAY_MS = 50;
/** Planes at which the number of regions is drawn. */
const SAMPLES = 400;

export class PlaneSlider {
  readonly element = el("section", { id: "timeline", "aria-label": "Plane" });
  private readonly slider = el("input", { type: "range", min: "0", max: String(STEPS), step: "1", id: "frame" });
  private readonly exact = el("input", { type: "number", step: "any", id: "position" });
  private readonly axis = el("select", { id: "axis", "aria-label": "Axis that the plane cuts" });
  private readonly player: Player;
  private readonly chart = chart();
  private readonly legend = el("div", { class: "chart-legend" });

  constructor(private readonly model: Model) {
    for (const name of AXES) this.axis.append(el("option", { value: name }, name));
    this.axis.addEventListener("change", () => {
      const axis = AXES.indexOf(this.axis.value as (typeof AXES)[number]);
      model.setPlane(axis, this.at(axis, 0.5));
    });
    this.slider.addEventListener("input", () => model.setPlane(model.axis, this.at(model.axis, Number(this.slider.value) / STEPS)));
    this.exact.addEventListener("change", () => {
      const value = this.exact.valueAsNumber;
      if (Number.isFinite(value)) model.setPlane(model.axis, value);
      else this.update();
    });
    this.player = new Player(PLAY_MS, (restart) => {
      const [low, high] = this.ends(model.axis);
      const step = (high - low) / PLAY_STEPS;
      if (restart && model.position === high) model.setPlane(model.axis, low);
      else if (!restart) model.setPlane(model.axis, model.position + step);
      return model.position < high;
    });
    const left = el("div", { class: "row" }, this.axis, this.player.button);
    this.element.append(left, this.slider, this.exact, this.chart, this.legend);
    this.update();
  }

  toggle(): void {
    this.player.toggle();
  }

  private ends(axis: number): [number, number] {
    const { lower, upper } = this.model.header.domain;
    return [lower[axis], upper[axis]];
  }

  /** The position at a share of the domain. */
  private at(axis: number, share: number): number {
    const [low, high] = this.ends(axis);
    return low + share * (high - low);
  }

  private share(position: number): number {
    const [low, high] = this.ends(this.model.axis);
    return (position - low) / (high - low);
  }

  private x(position: number): number {
    return 12 + (WIDTH - 24) * this.share(position);
  }

  update(): void {
    const { model } = this;
    const { axis, position } = model;
    const name = AXES[axis];
    const where = `${name} = ${short(position)}`;
    this.axis.value = name;
    this.slider.value = String(Math.round(STEPS * this.share(position)));
    this.slider.setAttribute("aria-label", `Plane across ${name}`);
    this.exact.value = String(position);
    this.exact.setAttribute("aria-label", `Exact position of the plane along ${name}`);
    const parts: Node[] = [];
    for (const series of model.panes) {
      const p = model.partition(series);
      const whose = model.comparing ? `${model.solid(series)!.name}: ` : "";
      parts.push(key(series === 1 ? "loss" : "count", `${whose}${grouped(p.count)} regions on the plane`));
      this.slider.setAttribute("aria-valuetext", `${where}, ${p.count} regions`);
    }
    const life = this.life();
    if (life) parts.push(key("life", `selected region, from ${name} = ${short(life[0])} to ${short(life[1])}`));
    this.legend.replaceChildren(...parts);
    this.draw(life);
  }

  /** Where the selected region begins and ends along the axis. */
  private life(): [number, number] | null {
    const { model } = this;
    const { selection } = model;
    const solid = selection && model.solid(selection.series);
    const r = solid && selection.key ? solid.find(selection.key) : -1;
    return solid && r >= 0 ? solid.extent(r, model.axis) : null;
  }

  private draw(life: [number, number] | null): void {
    const { model } = this;
    const { axis } = model;
    const at = Array.from({ length: SAMPLES }, (_, i) => this.at(axis, (i + 0.5) / SAMPLES));
    const curves = model.panes.map((series) => at.map((value) => model.solid(series)!.countAt(axis, value)));
    const most = Math.max(1, ...curves.flat());
    const y = (count: number) => HEIGHT - 14 - ((HEIGHT - 20) * count) / most;
    const nodes = curves.map((counts, i) =>
      line(model.panes[i] === 1 ? "loss" : "count", counts.map((count, k) => [this.x(at[k]), y(count)])),
    );
    if (life) {
      const [from, to] = life.map((value) => this.x(value));
      nodes.push(svg("rect", { class: "life", x: from, width: Math.max(2, to - from), y: HEIGHT - 9, height: 6 }));
    }
    const now = this.x(model.position);
    nodes.push(svg("line", { class: "now", x1: now, x2: now, y1: 0, y2: HEIGHT }));
    this.chart.replaceChildren(...nodes);
  }
}
