/** Which class wins where: the largest output, or one output against a threshold. */

import type { Partition } from "./partition";

/** Output `k` less the threshold for one output; classes are argmax otherwise. */
export function score(p: Partition, vertex: number, cls: number, threshold: number): number {
  if (p.numOutputs === 1) return cls === 1 ? p.outputs[vertex] - threshold : 0;
  return p.outputs[vertex * p.numOutputs + cls];
}

/** Class with the largest score at a vertex. */
export function winner(p: Partition, vertex: number, threshold: number): number {
  let best = 0;
  for (let cls = 1; cls < numClasses(p); cls++) {
    if (score(p, vertex, cls, threshold) > score(p, vertex, best, threshold)) best = cls;
  }
  return best;
}

export function numClasses(p: Partition): number {
  return Math.max(2, p.numOutputs);
}
