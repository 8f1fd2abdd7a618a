/** Finds a region by coordinates or by its code. */

import type { Model } from "./model";
import { OUTSIDE } from "./partition";
import { kept } from "./solid";

/** A region by its packed pattern. */
export type Found = { series: number; key: string } | string;

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** The numbers of a point such as `(0.3, -1e-3)`, or null where the text is none. */
function coordinates(text: string): number[] | null {
  const inner = text.replaceAll("−", "-").replace(/^\((.*)\)$/, "$1");
  const parts = inner.trim().split(/\s*[,;]\s*|\s+/);
  return parts.length > 1 && parts.every((part) => NUMBER.test(part)) ? parts.map(Number) : null;
}

/** A region, or why there is none. */
export function search(model: Model, text: string): Found {
  const query = text.trim();
  if (!query) return "Give coordinates, such as 0.3, 0.5, or the beginning of a code.";
  const series = model.panes[0];
  const point = coordinates(query);
  return point ? atPoint(model, series, point) : byCode(model, series, query);
}

function atPoint(model: Model, series: number, point: number[]): Found {
  const { lower, upper } = model.header.domain;
  const whole = model.cutting && point.length === 3;
  if (point.length !== 2 && !whole) return `Give ${model.cutting ? "two or three" : "two"} coordinates: these are ${point.length}.`;
  const outside = `(${point.join(", ")}) lies outside the domain.`;
  if (whole) {
    if (point.some((v, i) => v < lower[i] || v > upper[i])) return outside;
    model.setPlane(model.axis, point[model.axis]);
  }
  const [x, y] = whole ? kept(model.axis).map((i) => point[i]) : point;
  const partition = model.partition(series);
  const region = partition.locate(x, y);
  return region === OUTSIDE ? outside : { series, key: partition.key(region) };
}

function byCode(model: Model, series: number, query: string): Found {
  const wanted = query.toLowerCase().replace(/[\s:·]+/g, "-");
  if (!/^[0-9a-f-]+$/.test(wanted)) return "A code has the digits 0 to 9 and a to f, with dashes between layers.";
  const found = model.withCode(series, wanted);
  if (!found?.length) return `No region has a code that begins with ${wanted}.`;
  // Asked again, go on to the next match.
  const key = found[(found.indexOf(model.selection?.key ?? "") + 1) % found.length];
  model.bring(series, key);
  return { series, key };
}
