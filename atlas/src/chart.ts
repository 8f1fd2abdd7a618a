/** What both sliders share: a chart under them, its key, and a button that plays. */

import { el, svg } from "./dom";

/** Size of a chart in its own units; it is stretched to its place. */
export const WIDTH = 1000;
export const HEIGHT = 84;

export const chart = (): SVGElement =>
  svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "chart", "aria-hidden": "true" });

export function line(name: string, points: [number, number][]): SVGElement {
  return svg("polyline", { class: name, points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ") });
}

export const key = (name: string, text: string): Node => el("span", { class: `key ${name}` }, text);

/** Calls for one step after the other until the last one is reached. */
export class Player {
  readonly button = el("button", { id: "play", "aria-label": "Play" }, "▶");
  private timer = 0;

  /** `step` goes one on, or back to the start from the end, and says if more is left. */
  constructor(
    private readonly interval: number,
    private readonly step: (restart: boolean) => boolean,
  ) {
    this.button.addEventListener("click", () => this.toggle());
  }

  toggle(): void {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = 0;
    } else {
      this.step(true);
      this.timer = window.setInterval(() => {
        if (!this.step(false)) this.toggle();
      }, this.interval);
    }
    this.button.textContent = this.timer ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", this.timer ? "Pause" : "Play");
  }
}
