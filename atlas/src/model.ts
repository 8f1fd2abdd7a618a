/** What is shown: the data, the choices of the reader, and who wants to know. */

import { Camera } from "./camera";
import { type Mode, MODES } from "./modes";
import { OUTSIDE, Partition } from "./partition";
import type { Header, Rect } from "./types";

export type Layout = "first" | "second" | "split" | "overlay";
export type Boundaries = "layers" | "plain" | "none";

/** A region by its code, or the bent line of a unit; `series` tells in which network. */
export interface Selection {
  series: number;
  key: string | null;
  bit: number | null;
  /** Corner that starts the side that was clicked. */
  corner: number | null;
}

export type Change = "view" | "look" | "frame" | "selection" | "layout";

export class Model {
  readonly camera: Camera;
  readonly domain: Rect;
  mode: Mode = "output";
  output = 0;
  boundaries: Boundaries = "plain";
  readonly hidden = new Set<number>();
  points = false;
  mistakes = true;
  layout: Layout = "first";
  group = "";
  frame = 0;
  selection: Selection | null = null;
  dark = false;
  private readonly cache = new Map<string, Partition>();
  private readonly listeners: ((change: Change) => void)[] = [];

  constructor(readonly header: Header) {
    this.group = header.series[0].frames[0].group;
    this.frame = header.slider === "plane" ? Math.floor(this.frames.length / 2) : this.frames.length - 1;
    this.domain = this.chart();
    this.camera = new Camera(this.domain, header.yDown);
    if (header.series.length > 1) {
      this.layout = "split";
      this.mode = "change";
    }
    this.points = false;
  }

  /** The rectangle of the map; of a 3-D domain, that of the plane of this group. */
  chart(): Rect {
    const { lower, upper } = this.header.domain;
    const kept = lower.length === 2 ? [0, 1] : [0, 1, 2].filter((i) => "xyz"[i] !== this.group);
    return { x0: lower[kept[0]], y0: lower[kept[1]], x1: upper[kept[0]], y1: upper[kept[1]] };
  }

  /** Names of the coordinates of the map. */
  get axes(): [string, string] {
    if (this.header.slider === "plane") {
      const kept = ["x", "y", "z"].filter((name) => name !== this.group);
      return [kept[0], kept[1]];
    }
    return this.header.domain.kind === "box" ? ["x₁", "x₂"] : ["t₁", "t₂"];
  }

  /** Indices, in the first series, of the frames of the current slider. */
  get frames(): number[] {
    const all = this.header.series[0].frames;
    return all.flatMap((frame, index) => (frame.group === this.group ? [index] : []));
  }

  get groups(): string[] {
    return [...new Set(this.header.series[0].frames.map((frame) => frame.group))];
  }

  get comparing(): boolean {
    return this.header.series.length > 1;
  }

  get modes(): Mode[] {
    return (Object.keys(MODES) as Mode[]).filter((mode) => mode !== "change" || this.comparing);
  }

  /** Series shown in each pane. */
  get panes(): number[] {
    if (!this.comparing || this.layout === "first" || this.layout === "overlay") return [0];
    return this.layout === "second" ? [1] : [0, 1];
  }

  /** Index of frame `at` of the slider in its series. */
  private frameIndex(series: number, at: number): number {
    return series === 0 ? this.frames[at] : Math.min(at, this.header.series[series].frames.length - 1);
  }

  partition(series: number, at = this.frame): Partition {
    const index = this.frameIndex(series, at);
    const key = `${series}/${index}`;
    let found = this.cache.get(key);
    if (!found) this.cache.set(key, (found = new Partition(this.header.series[series].frames[index])));
    return found;
  }

  /** The other network of a comparison. */
  other(series: number): Partition | null {
    return this.comparing ? this.partition(1 - series) : null;
  }

  /** The selected region in a partition, or OUTSIDE where its code is not. */
  selected(partition: Partition): number {
    const key = this.selection?.key;
    return key === null || key === undefined ? OUTSIDE : (partition.codes.get(key) ?? OUTSIDE);
  }

  select(selection: Selection | null): void {
    this.selection = selection;
    this.changed("selection");
  }

  selectRegion(series: number, region: number): void {
    const key = region === OUTSIDE ? null : this.partition(series).key(region);
    this.select(key === null ? null : { series, key, bit: null, corner: null });
  }

  setFrame(at: number): void {
    const last = this.frames.length - 1;
    this.frame = Math.max(0, Math.min(last, at));
    this.changed("frame");
  }

  listen(listener: (change: Change) => void): void {
    this.listeners.push(listener);
  }

  changed(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
