/**
 * Connected parts of the classes: open sets, whose pieces are joined across sides on
 * which the class wins, too. From outputs in float32: `topology` proves the numbers.
 */

import { numClasses, score } from "./classes";
import type { Partition } from "./partition";

/** A class's part, and whether it lies in the inside of the domain: a hole of what is around. */
export interface Part {
  cls: number;
  enclosed: boolean;
}

export interface Parts {
  list: Part[];
  /** Part of the piece of a region on which a class wins, or -1 where there is none. */
  of(r: number, cls: number): number;
}

const known = new WeakMap<Partition, { threshold: number; parts: Parts }>();

/** The parts of a partition, found once for each threshold. */
export function partsOf(p: Partition, threshold: number): Parts {
  const found = known.get(p);
  if (found?.threshold === threshold) return found.parts;
  const parts = find(p, threshold);
  known.set(p, { threshold, parts });
  return parts;
}

function find(p: Partition, threshold: number): Parts {
  const classes = numClasses(p);
  const size = p.count * classes;
  const first = Int32Array.from({ length: size }, (_, i) => i);
  const root = (i: number): number => {
    while (first[i] !== i) i = first[i] = first[first[i]];
    return i;
  };
  const present = new Uint8Array(size);
  const rim = new Uint8Array(size);
  for (let r = 0; r < p.count; r++) {
    for (let k = p.offsets[r]; k < p.offsets[r + 1]; k++) {
      for (let cls = 0; cls < classes; cls++) {
        if (!winsOn(p, k, p.next(r, k), cls, threshold)) continue;
        const here = r * classes + cls;
        present[here] = 1;
        if (p.twins[k] < 0) rim[here] = 1;
        else if (p.twins[k] < k) first[root(here)] = root(p.across(k) * classes + cls);
      }
    }
  }
  const list: Part[] = [];
  const number = new Int32Array(size).fill(-1);
  for (let i = 0; i < size; i++) {
    if (!present[i]) continue;
    const at = root(i);
    if (number[at] < 0) {
      number[at] = list.length;
      list.push({ cls: i % classes, enclosed: true });
    }
    number[i] = number[at];
    if (rim[i]) list[number[i]].enclosed = false;
  }
  return { list, of: (r, cls) => number[r * classes + cls] };
}

/** Whether a class is ahead of all others somewhere inside a side, where scores are affine. */
function winsOn(p: Partition, from: number, to: number, cls: number, threshold: number): boolean {
  const [a, b] = [p.members[from], p.members[to]];
  let [low, high] = [0, 1];
  for (let other = 0; other < numClasses(p); other++) {
    if (other === cls) continue;
    const [start, end] = [a, b].map((v) => score(p, v, cls, threshold) - score(p, v, other, threshold));
    if (start <= 0 && end <= 0) return false;
    if (start < 0) low = Math.max(low, start / (start - end));
    if (end < 0) high = Math.min(high, start / (start - end));
  }
  return low < high;
}
