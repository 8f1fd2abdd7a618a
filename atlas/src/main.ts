/** Entry: reads the data block, then shows the app, or says why it cannot. */

import { App } from "./app";
import { BlockError, readBlock } from "./block";
import "./style.css";

function explain(text: string): void {
  const message = document.getElementById("message")!;
  message.textContent = text;
  message.hidden = false;
  document.getElementById("app")!.hidden = true;
}

// What fails later, while drawing, must not leave a blank page either.
window.addEventListener("error", (event) => explain(`The page could not be drawn: ${event.message}`));
document.addEventListener(
  "webglcontextlost",
  () => explain("The browser has taken the graphics memory away from this page: reload it."),
  true,
);

async function start(): Promise<void> {
  try {
    const header = await readBlock(document.getElementById("atlas-block"));
    await App.open(header, document.getElementById("app")!);
    document.getElementById("message")!.hidden = true;
  } catch (error) {
    if (error instanceof BlockError) explain(error.message);
    else if (/webgl/i.test(String(error))) explain("This browser gives the page no WebGL, which draws the map. Switch on hardware acceleration, or use another browser.");
    else explain(`The page could not be shown: ${error instanceof Error ? error.message : String(error)}`);
  }
}

void start();
