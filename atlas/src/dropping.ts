/** A second network, dropped on the page or chosen: a file of weights, or another atlas. */

import { BlockError, readBlock } from "./block";
import { el } from "./dom";
import type { Model } from "./model";
import { FileError, readNpz } from "./npz";
import { TooManyCells, splitCells } from "./splitting";
import type { Header, RawPoints, RawSeries } from "./types";

/** The header of both networks, or why there is none. */
export async function compareWith(model: Model, file: File): Promise<Header | string> {
  try {
    const other = /\.html?$/i.test(file.name) ? await fromPage(model, file) : await fromWeights(model, file);
    return joined(model, other);
  } catch (error) {
    if (error instanceof BlockError || error instanceof FileError) return `${file.name}: ${error.message}`;
    if (error instanceof TooManyCells) return `${file.name} has too many regions for the page: compare with relu-regions atlas FIRST SECOND.`;
    throw error;
  }
}

async function fromWeights(model: Model, file: File): Promise<RawSeries> {
  if (!/\.npz$/i.test(file.name)) {
    throw new FileError("an .npz file or an atlas page is required; relu-regions export NETWORK --out network.npz writes one.");
  }
  if (model.cutting || model.header.domain.kind !== "box") {
    throw new FileError("on this domain only another atlas page can be compared; relu-regions atlas writes one.");
  }
  const layers = await readNpz(await file.arrayBuffer());
  // Of the whole domain, whatever part of it is in view.
  return { name: nameOf(file), frames: [splitCells(layers, nameOf(file), model.domain)], solid: null };
}

async function fromPage(model: Model, file: File): Promise<RawSeries> {
  const page = new DOMParser().parseFromString(await file.text(), "text/html");
  const header = await readBlock(page.getElementById("atlas-block"));
  const [mine, its] = [model.header.domain, header.domain];
  const same = (["kind", "lower", "upper", "ambient"] as const).every((name) => String(mine[name]) === String(its[name]));
  if (!same) throw new FileError(`its domain is from (${its.lower}) to (${its.upper}), and that of this page from (${mine.lower}) to (${mine.upper}).`);
  const series = header.series[0];
  return { ...series, name: nameOf(file), frames: series.frames.slice(-1).map((frame) => ({ ...frame, name: nameOf(file) })) };
}

const nameOf = (file: File): string => file.name.replace(/(\.atlas)?\.(npz|html?)$/i, "");

/** This page's network, in the snapshot that is shown, and the other one. */
function joined({ header, frame }: Model, other: RawSeries): Header {
  const [mine] = header.series;
  const points = header.points.map((set): RawPoints => {
    const count = set.labels.length;
    return { ...set, mistakes: set.mistakes.slice(frame * count, (frame + 1) * count) };
  });
  const first = { ...mine, frames: mine.frames.slice(frame, frame + 1) };
  return { ...header, title: `${mine.name} and ${other.name}`, series: [first, other], points, losses: new Float32Array(0) };
}

/** Take files that are dropped anywhere on the page. */
export function listenForFiles(take: (file: File) => void, signal: AbortSignal): void {
  document.addEventListener("dragover", (event) => event.preventDefault(), { signal });
  document.addEventListener(
    "drop",
    (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) take(file);
    },
    { signal },
  );
}

/** The same without a mouse. */
export function fileButton(take: (file: File) => void): HTMLElement {
  const input = el("input", { type: "file", id: "compare-file", accept: ".npz,.html", hidden: true, "aria-label": "Network to compare with" });
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) take(file);
    input.value = "";
  });
  return el("span", {}, input, el("button", { id: "compare", title: "Or drop a file on the page", click: () => input.click() }, "Compare with…"));
}
