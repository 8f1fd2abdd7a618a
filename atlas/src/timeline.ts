/** The slider through snapshots, and under it what changes along it. */

import { HEIGHT, Player, WIDTH, chart, key, line } from "./chart";
import { el, svg } from "./dom";
import type { Model } from "./model";
import { grouped, short } from "./numbers";
import { OUTSIDE, type Partition } from "./partition";

const STEP_MS = 350;

interface Counts {
  count: number;
  born: number;
  died: number;
}

export class Timeline {
  readonly element = el("section", { id: "timeline", "aria-label": "Slider" });
  private readonly slider = el("input", { type: "range", min: "0", step: "1", id: "frame" });
  private readonly player: Player;
  private readonly label = el("output", { for: "frame" });
  private readonly chart = chart();
  private readonly legend = el("div", { class: "chart-legend" });
  private readonly counts: Counts[];

  constructor(private readonly model: Model) {
    const last = model.numFrames - 1;
    this.slider.max = String(last);
    this.slider.setAttribute("aria-label", "Epoch");
    this.slider.addEventListener("input", () => model.setFrame(Number(this.slider.value)));
    this.player = new Player(STEP_MS, (restart) => {
      if (restart && model.frame === last) model.setFrame(0);
      else if (!restart) model.setFrame(model.frame + 1);
      return model.frame < last;
    });
    this.counts = countChanges(this.frames());
    this.element.append(this.player.button, this.slider, this.label, this.chart, this.legend);
    this.update();
  }

  private frames(): Partition[] {
    return Array.from({ length: this.model.numFrames }, (_, at) => this.model.partition(0, at));
  }

  toggle(): void {
    this.player.toggle();
  }

  private x(at: number): number {
    const last = this.model.numFrames - 1;
    return 12 + ((WIDTH - 24) * at) / Math.max(last, 1);
  }

  update(): void {
    const { model } = this;
    const p = model.partition(0);
    const { count, born, died } = this.counts[model.frame];
    this.slider.value = String(model.frame);
    const where = `epoch ${grouped(p.value)}`;
    this.slider.setAttribute("aria-valuetext", `${where}, ${count} regions`);
    this.label.textContent = where;
    const parts: Node[] = [key("count", `${grouped(count)} regions`)];
    if (model.frame > 0) parts.push(key("born", `${grouped(born)} codes born`), key("died", `${grouped(died)} died`));
    parts.push(...this.losses(p.value));
    const life = this.life();
    if (life) parts.push(key("life", life));
    this.legend.replaceChildren(...parts);
    this.draw();
  }

  private losses(epoch: number): Node[] {
    const row = this.lossRow(epoch);
    return row < 0 ? [] : [key("loss", `loss ${short(this.model.header.losses[3 * row + 1], 3)}`), key("val", `validation ${short(this.model.header.losses[3 * row + 2], 3)}`)];
  }

  private lossRow(epoch: number): number {
    const { losses } = this.model.header;
    let best = -1;
    for (let i = 0; i < losses.length / 3; i++) if (losses[3 * i] <= epoch) best = i;
    return best;
  }

  /** Frames at which the selected code is alive. */
  private alive(): boolean[] | null {
    const { model } = this;
    if (!model.selection?.key) return null;
    return this.frames().map((p) => model.selected(p) !== OUTSIDE);
  }

  private life(): string {
    const alive = this.alive();
    if (!alive) return "";
    const count = alive.filter(Boolean).length;
    return `selected code in ${count} of ${alive.length}`;
  }

  private draw(): void {
    const { model } = this;
    const most = Math.max(1, ...this.counts.map((c) => Math.max(c.count, c.born, c.died)));
    const y = (value: number) => HEIGHT - 14 - ((HEIGHT - 24) * value) / most;
    const nodes: SVGElement[] = [];
    const bar = Math.min(12, (0.3 * WIDTH) / this.counts.length);
    this.counts.forEach(({ born, died }, at) => {
      if (at === 0) return;
      nodes.push(svg("rect", { class: "born", x: this.x(at) - bar, width: bar, y: y(born), height: HEIGHT - 14 - y(born) }));
      nodes.push(svg("rect", { class: "died", x: this.x(at), width: bar, y: y(died), height: HEIGHT - 14 - y(died) }));
    });
    nodes.push(...this.lossLines());
    nodes.push(line("count", this.counts.map((c, at) => [this.x(at), y(c.count)])));
    this.alive()?.forEach((alive, at) => {
      if (alive) nodes.push(svg("rect", { class: "life", x: this.x(at) - bar, width: 2 * bar, y: HEIGHT - 9, height: 6 }));
    });
    nodes.push(svg("line", { class: "now", x1: this.x(model.frame), x2: this.x(model.frame), y1: 0, y2: HEIGHT }));
    this.chart.replaceChildren(...nodes);
  }

  /** Training and validation loss on a log scale, over the same epochs. */
  private lossLines(): SVGElement[] {
    const { losses } = this.model.header;
    const frames = this.frames().map((p) => p.value);
    const count = losses.length / 3;
    if (!count) return [];
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < count; i++) {
      for (const v of [losses[3 * i + 1], losses[3 * i + 2]]) {
        if (v > 0) [low, high] = [Math.min(low, v), Math.max(high, v)];
      }
    }
    const y = (v: number) => 6 + (HEIGHT - 26) * (1 - Math.log(Math.max(v, low) / low) / Math.log(high / low || 2));
    return [1, 2].map((column) => {
      const points: [number, number][] = [];
      for (let i = 0; i < count; i++) points.push([this.x(place(frames, losses[3 * i])), y(losses[3 * i + column])]);
      return line(column === 1 ? "loss" : "val", points);
    });
  }
}

/** Where a value lies among ascending ones, in steps, linear between them. */
function place(values: number[], value: number): number {
  if (values.length < 2) return 0;
  let at = 0;
  while (at + 2 < values.length && values[at + 1] < value) at++;
  return at + Math.max(0, Math.min(1, (value - values[at]) / (values[at + 1] - values[at])));
}

/** Regions of each frame, and codes that the frame before has not, or has alone. */
function countChanges(frames: Partition[]): Counts[] {
  return frames.map((p, at) => {
    if (at === 0) return { count: p.count, born: 0, died: 0 };
    const before = frames[at - 1].codes;
    let kept = 0;
    for (const code of p.codes.keys()) if (before.has(code)) kept++;
    return { count: p.count, born: p.count - kept, died: before.size - kept };
  });
}
