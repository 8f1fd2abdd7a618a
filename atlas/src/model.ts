/** What is shown: the data, the choices of the reader, and who wants to know. */

import { Camera } from "./camera";
import { bitsOf, codeText, withBits } from "./code";
import { type Mode, MODES } from "./modes";
import type { Network } from "./network";
import { short } from "./numbers";
import { OUTSIDE, Partition } from "./partition";
import { AXES, Solid, kept } from "./solid";
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

/** A section and what belongs to it are quickly made again. */
const KEPT_SECTIONS = 8;
const PLANE_STEPS = 100;
/** Share of codes in both networks, below which a map of changes is two slabs of color. */
const RELATED = 0.1;

export class Model {
  readonly camera: Camera;
  readonly domain: Rect;
  mode: Mode = "output";
  output = 0;
  boundaries: Boundaries = "plain";
  readonly hidden = new Set<number>();
  /** Whether activation regions of one affine map are shown as one. */
  merged = false;
  points = false;
  mistakes = true;
  layout: Layout = "first";
  frame = 0;
  /** Axis of a 3-D domain that the plane of the map cuts, and where. */
  axis = 2;
  position = 0;
  selection: Selection | null = null;
  dark = false;
  /** Whether the codes of two networks are of the same units, so that one can look for the other's. */
  readonly comparable: boolean;
  private readonly cache = new Map<string, Partition>();
  private readonly solids: Solid[];
  private readonly listeners: ((change: Change) => void)[] = [];

  constructor(readonly header: Header) {
    const { lower, upper } = header.domain;
    this.solids = header.series.flatMap(({ name, solid }) => (solid ? [new Solid(solid, name, lower)] : []));
    this.frame = Math.max(0, this.numFrames - 1);
    if (this.solids.length) this.position = (lower[this.axis] + upper[this.axis]) / 2;
    this.domain = this.chart();
    this.camera = new Camera(this.domain, header.yDown);
    this.comparable = this.comparing && this.network(0).unitsKey === this.network(1).unitsKey;
    if (this.comparing) this.layout = "split";
    if (this.comparable && this.isRelated()) this.mode = "change";
    this.points = false;
  }

  /** Whether enough codes are in both networks for their differences to say something. */
  private isRelated(): boolean {
    const [a, b] = [this.partition(0).codes, this.partition(1).codes];
    let kept = 0;
    for (const code of a.keys()) if (b.has(code)) kept++;
    return kept >= RELATED * Math.min(a.size, b.size);
  }

  /** The rectangle of the map; of a 3-D domain, that of its plane. */
  private chart(): Rect {
    const { lower, upper } = this.header.domain;
    const [u, v] = this.cutting ? kept(this.axis) : [0, 1];
    return { x0: lower[u], y0: lower[v], x1: upper[u], y1: upper[v] };
  }

  /** Whether the map is a plane through a 3-D domain. */
  get cutting(): boolean {
    return this.solids.length > 0;
  }

  /** The complex that the map of a series is a section of. */
  solid(series: number): Solid | null {
    return this.solids[series] ?? null;
  }

  /** Move the plane, within the domain. */
  setPlane(axis: number, position: number): void {
    const { lower, upper } = this.header.domain;
    this.axis = axis;
    this.position = Math.max(lower[axis], Math.min(upper[axis], position));
    Object.assign(this.domain, this.chart());
    this.changed("frame");
  }

  /** Names of the coordinates of the map. */
  get axes(): [string, string] {
    if (this.cutting) {
      const [u, v] = kept(this.axis);
      return [AXES[u], AXES[v]];
    }
    return this.header.domain.kind === "box" ? ["x₁", "x₂"] : ["t₁", "t₂"];
  }

  /** The plane of the map, for files; null where the map is the whole domain. */
  get plane(): Record<string, number> | null {
    return this.cutting ? { [AXES[this.axis]]: this.position } : null;
  }

  /** Snapshots of the first network; none for planes. */
  get numFrames(): number {
    return this.header.series[0].frames.length;
  }

  get comparing(): boolean {
    return this.header.series.length > 1;
  }

  /** The network of a series, of a plane or not. */
  network(series: number): Network {
    return (this.solid(series) ?? this.partition(series)).network;
  }

  get modes(): Mode[] {
    return (Object.keys(MODES) as Mode[]).filter((mode) => mode !== "change" || this.comparable);
  }

  /** Series shown in each pane. */
  get panes(): number[] {
    if (!this.comparing || this.layout === "first" || this.layout === "overlay") return [0];
    return this.layout === "second" ? [1] : [0, 1];
  }

  partition(series: number, at = this.frame): Partition {
    if (this.cutting) return this.section(series);
    const { frames } = this.header.series[series];
    const index = Math.min(at, frames.length - 1);
    const key = `${series}/${index}`;
    let found = this.cache.get(key);
    if (!found) this.cache.set(key, (found = new Partition(frames[index])));
    return found;
  }

  /** The plane of the map through a series; the last planes are kept. */
  private section(series: number): Partition {
    const { axis, position } = this;
    const key = `${series}/${axis}/${position}`;
    let found = this.cache.get(key);
    if (found) return found;
    const solid = this.solids[series];
    const plane = `${AXES[axis]} = ${short(position)}`;
    found = solid.section(axis, position, this.comparing ? `${solid.name}, ${plane}` : plane);
    this.cache.set(key, found);
    for (const old of this.cache.keys()) if (this.cache.size > KEPT_SECTIONS) this.cache.delete(old);
    return found;
  }

  /** Regions whose code begins so, as packed patterns; null where that is no code. */
  withCode(series: number, text: string): string[] | null {
    const among = this.solid(series) ?? this.partition(series);
    const bits = bitsOf(among.network, text);
    return bits && withBits(among.count, bits, (r, index) => among.bit(r, index)).map((r) => among.key(r));
  }

  /** The other network of a comparison; null where its codes are of other units. */
  other(series: number): Partition | null {
    return this.comparable ? this.partition(1 - series) : null;
  }

  /** The selected region in a partition, or OUTSIDE where its code is not. */
  selected(partition: Partition): number {
    const key = this.selection?.key;
    if (key === null || key === undefined) return OUTSIDE;
    const own = this.comparable || !this.comparing || partition.network.unitsKey === this.network(this.selection!.series).unitsKey;
    return !own ? OUTSIDE : (partition.codes.get(key) ?? OUTSIDE);
  }

  /** The code of the selected region, whether or not the map shows it now. */
  selectedCode(): string | null {
    if (!this.selection?.key) return null;
    const { key, series } = this.selection;
    const solid = this.solid(series);
    if (solid) return solid.find(key) < 0 ? null : solid.code(solid.find(key));
    return codeText(this.partition(series).network, (i) => ((key.charCodeAt(i >> 3) >> (i & 7)) & 1) === 1);
  }

  /** The thinnest region of a map, or the next thinner after the selected one. */
  thinnest(series: number): number {
    const p = this.partition(series);
    const chosen = this.selected(p);
    const order = Array.from(p.radii.keys()).sort((a, b) => p.radii[a] - p.radii[b]);
    return order[(order.indexOf(chosen) + 1) % order.length];
  }

  select(selection: Selection | null): void {
    this.selection = selection;
    this.changed("selection");
  }

  /** Move the plane, where it misses a region, to the middle of that region. */
  bring(series: number, key: string): void {
    const solid = this.solid(series);
    const r = solid?.find(key) ?? -1;
    if (!solid || r < 0 || this.partition(series).codes.has(key)) return;
    const [low, high] = solid.extent(r, this.axis);
    this.setPlane(this.axis, (low + high) / 2);
  }

  selectKey(series: number, key: string): void {
    this.select({ series, key, bit: null, corner: null });
  }

  selectRegion(series: number, region: number): void {
    if (region === OUTSIDE) this.select(null);
    else this.selectKey(series, this.partition(series).key(region));
  }

  setFrame(at: number): void {
    this.frame = Math.max(0, Math.min(this.numFrames - 1, at));
    this.changed("frame");
  }

  /** One snapshot on or back, or the plane by a hundredth of the domain. */
  step(by: number): void {
    if (!this.cutting) this.setFrame(this.frame + by);
    else {
      const { lower, upper } = this.header.domain;
      this.setPlane(this.axis, this.position + (by * (upper[this.axis] - lower[this.axis])) / PLANE_STEPS);
    }
  }

  listen(listener: (change: Change) => void): void {
    this.listeners.push(listener);
  }

  changed(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
