/** Finds a region by coordinates or by its code. */

import type { Model } from "./model";
import { OUTSIDE } from "./partition";

export type Found = { series: number; region: number; at?: [number, number] } | string;

const NUMBER = "[-+−]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?";
const COORDINATES = new RegExp(`^\\(?\\s*(${NUMBER})\\s*[,;\\s]\\s*(${NUMBER})\\s*\\)?$`);

/** A region, or why there is none. */
export function search(model: Model, text: string): Found {
  const query = text.trim();
  if (!query) return "Give two coordinates, such as 0.3, 0.5, or the beginning of a code.";
  const series = model.panes[0];
  const partition = model.partition(series);
  const match = COORDINATES.exec(query);
  if (match) {
    const [x, y] = [match[1], match[2]].map((v) => Number(v.replace("−", "-")));
    const region = partition.locate(x, y);
    return region === OUTSIDE ? `(${x}, ${y}) lies outside the domain.` : { series, region, at: [x, y] };
  }
  const wanted = query.toLowerCase().replace(/[\s:·]+/g, "-");
  if (!/^[0-9a-f-]+$/.test(wanted)) return "A code has the digits 0 to 9 and a to f, with dashes between layers.";
  const found: number[] = [];
  for (let r = 0; r < partition.count; r++) if (partition.code(r).startsWith(wanted)) found.push(r);
  if (!found.length) return `No region has a code that begins with ${wanted}.`;
  const selected = model.selected(partition);
  // Asked again, go on to the next match.
  const next = found.find((r) => r > selected) ?? found[0];
  return { series, region: next };
}
