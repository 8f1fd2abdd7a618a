/** Lengths and positions on the map: a scale bar, and what is under the pointer. */

import { el } from "./dom";
import type { Model } from "./model";
import { grouped, short } from "./numbers";
import { OUTSIDE } from "./partition";
import type { Pane } from "./pane";

/** A bar of a round length in the units of the chart. */
export class ScaleBar {
  readonly element = el("div", { id: "scale-bar", role: "img" });
  private readonly bar = el("span", { class: "bar" });
  private readonly label = el("span", {});

  constructor() {
    this.element.append(this.bar, this.label);
  }

  update(scale: number): void {
    const wanted = 110 / scale;
    const power = 10 ** Math.floor(Math.log10(wanted));
    const step = [5, 2, 1].find((s) => s * power <= wanted) ?? 1;
    this.bar.style.width = `${step * power * scale}px`;
    this.label.textContent = short(step * power, 1);
    this.element.setAttribute("aria-label", `Scale bar: ${short(step * power, 1)}`);
  }
}

/** Coordinates, region and output under the pointer, or in the middle where keys are used. */
export class Readout {
  readonly element = el("output", { id: "readout", "aria-label": "Coordinates" });
  private pane: Pane | null = null;
  private at: [number, number] = [0, 0];
  private readonly panes: Pane[] = [];

  constructor(private readonly model: Model) {}

  follow(pane: Pane): void {
    this.panes.push(pane);
    pane.marks.addEventListener("pointermove", (event) => {
      const box = pane.marks.getBoundingClientRect();
      this.pane = pane;
      this.at = [event.clientX - box.left, event.clientY - box.top];
      this.update();
    });
    pane.marks.addEventListener("pointerleave", () => {
      this.pane = null;
      this.update();
    });
  }

  update(): void {
    const { axes, camera } = this.model;
    const keyed = this.panes.find((pane) => pane.cursor);
    const pane = keyed ?? this.pane;
    this.element.hidden = !pane;
    if (!pane) return;
    const [px, py] = keyed ? [pane.width / 2, pane.height / 2] : this.at;
    // As many digits as tell one pixel from the next.
    const digits = Math.max(0, Math.min(17, Math.ceil(Math.log10(camera.scale))));
    const values = camera.toWorld(px, py, pane.width, pane.height);
    const where = values.map((v, i) => `${axes[i]} = ${v.toFixed(digits).replace("-", "−")}`).join(", ");
    this.element.replaceChildren(el("span", {}, where), this.region(pane, ...values));
  }

  /** What is there: the region, its neighbors, and what the network gives. */
  private region({ partition: p }: Pane, x: number, y: number): Node {
    const { model } = this;
    const r = p.locate(x, y);
    if (r === OUTSIDE) return el("span", {}, "outside the domain");
    const maps = p.network.affine((index) => p.bit(r, index));
    const outputs = maps[maps.length - 1].map(({ ax, ay, b }) => ax * x + ay * y + b);
    let neighbors = 0;
    for (let k = p.offsets[r]; k < p.offsets[r + 1]; k++) if (p.twins[k] >= 0) neighbors++;
    const one = outputs.length === 1;
    const value = `${one ? "f" : `f${model.output + 1}`} = ${short(outputs[model.output])}`;
    const kind = one ? "" : `, class ${outputs.indexOf(Math.max(...outputs))}`;
    return el("span", {}, `region ${grouped(r + 1)}, ${neighbors} neighbors, ${value}${kind}`);
  }
}
