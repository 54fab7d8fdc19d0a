/** A report's page in a real browser: what it shows, by whatever it is used, and what it never does. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { Browser } from "../browser.ts";
import type { Scenario } from "../scenario.ts";

const SERVERS = ["192.0.2.1", "2001:db8::7", `"><script>alert(1)</script>`, "</svg><img/src=x/onerror=alert(2)>"];

export const reports: readonly Scenario[] = [
  {
    name: "reports: Chromium shows the page whole, zooms it by keys and mouse, dark, in print and without its script",
    needs: ["chromium"],
    run: async (world) => {
      const [stats, page] = [world.file("stats"), world.file("report.html")];
      await writeFile(stats, day());
      const host = await world.host("desk");
      const made = await world.ntpkit(host, ["report", stats, "-o", page]);
      assert.equal(made.code, 0, made.stderr);
      await mkdir(world.file("browser"));
      const browser = await Browser.start(world.peer("chromium"), world.file("browser"));
      try {
        await browser.do("Emulation.setDeviceMetricsOverride", WINDOW);
        await browser.open(`file://${page}`);
        await isWhole(browser);
        await isZoomedByKeys(browser);
        await isZoomedByMouse(browser);
        await looksAsIsLiked(browser);
        assert.deepEqual(browser.complaints, []);
        await standsWithoutScript(browser, page);
      } finally {
        await browser.stop();
      }
    },
  },
];

const WINDOW = { width: 1000, height: 900, deviceScaleFactor: 1, mobile: false };

/** Loopstats, peerstats and sysstats of a day, of servers that are called what no server should be. */
function day(): string {
  const lines: string[] = [];
  for (let second = 0; second < 86_400; second += 64) {
    const offset = 1e-4 * Math.sin(second / 9000);
    lines.push(`60600 ${second}.000 ${offset.toFixed(9)} -12.${second % 997} 0.000001000 0.012 6`);
    for (const [index, server] of SERVERS.entries())
      lines.push(
        `60600 ${second}.500 ${server} ${index === 0 ? "961a" : "9414"} ${(offset + index * 1e-5 * Math.cos(second)).toFixed(9)} 0.00${1 + (second % 7)} 0.001 0.000001`,
      );
    if (second % 3200 === 0) lines.push(`60600 ${second}.900 3600 7200 7000 7100 100 36 0 0 0 12 3`);
  }
  return `${lines.join("\n")}\n`;
}

/** All plots are there, are seen, and have their figures within the window; no server's name became more than text. */
async function isWhole(browser: Browser): Promise<void> {
  const titles = (await browser.value(
    `[...document.querySelectorAll("h2")].map((one) => one.textContent)`,
  )) as string[];
  assert.equal(titles.length, 11, titles.join(", "));
  const charts = (await browser.value(CHARTS)) as {
    title: string;
    width: number;
    height: number;
    marks: number;
    isIn: boolean;
  }[];
  assert.equal(charts.length, 10);
  for (const { title, width, height, marks, isIn } of charts)
    assert.ok(width > 800 && height > 60 && marks > 0 && isIn, `${title}: ${width}×${height}, ${marks} marks, ${isIn}`);
  const { scripts, images, text } = (await browser.value(
    `({ scripts: document.scripts.length, images: document.images.length, text: document.body.innerText })`,
  )) as { scripts: number; images: number; text: string };
  assert.deepEqual([scripts, images], [1, 0]);
  for (const server of SERVERS) assert.ok(text.includes(server), server);
  assert.equal(await browser.value("document.documentElement.scrollWidth <= innerWidth"), true);
}

const CHARTS = `[...document.querySelectorAll("svg[role=img]")].map((chart) => {
  const { left, right, width, height } = chart.getBoundingClientRect();
  const isIn = [...chart.querySelectorAll("text")].every((text) => {
    const box = text.getBoundingClientRect();
    return box.width > 0 && box.left >= left - 1 && box.right <= right + 1;
  });
  return { title: chart.getAttribute("aria-label"), width, height, marks: chart.querySelectorAll("path:not(.grid), rect").length, isIn };
})`;

/** What each plot over time shows of the axis, and what its first tick says. */
const VIEWS = `[...document.querySelectorAll("svg.plot[data-time]")].map((plot) => {
  const { x, width } = plot.viewBox.baseVal;
  return [Math.round(x), Math.round(width), plot.parentNode.querySelector("g.x text").textContent];
})`;

async function isZoomedByKeys(browser: Browser): Promise<void> {
  await browser.do("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Tab", windowsVirtualKeyCode: 9 });
  assert.equal(await browser.value(`document.activeElement.getAttribute("aria-label")`), "offset over time");
  const all = (await browser.value(VIEWS)) as [number, number, string][];
  const before = await browser.picture();
  await browser.press("+");
  const half = (await browser.value(VIEWS)) as [number, number, string][];
  for (const [index, [x, width, tick]] of half.entries()) {
    assert.ok(Math.abs(width * 2 - all[index]![1]) <= 1 && x > all[index]![0], `${x} ${width}`);
    assert.notEqual(tick, all[index]![2]);
  }
  assert.match(
    (await browser.value("document.getElementById('said').textContent")) as string,
    /2024-10-17 05:5\d.* to .*17:5/,
  );
  assert.ok(!before.equals(await browser.picture()), "the zoomed page looks like the other");
  await browser.press("ArrowRight");
  const moved = (await browser.value(VIEWS)) as [number, number, string][];
  assert.ok(moved[0]![0] > half[0]![0] && moved[0]![1] === half[0]![1]);
  assert.match((await browser.value("location.hash")) as string, /^#\d{10}\.\d{3}-\d{10}\.\d{3}$/);
  // Loaded again, as --watch has it, it shows the same.
  await browser.reload();
  assert.deepEqual(await browser.value(VIEWS), moved);
  await browser.value(`document.querySelector("svg[role=img]").focus()`);
  await browser.press("0");
  assert.deepEqual(await browser.value(VIEWS), all);
}

async function isZoomedByMouse(browser: Browser): Promise<void> {
  const all = await browser.value(VIEWS);
  await browser.value("scrollTo(0, 0)");
  const { x, y, width } = (await browser.value(
    `(({ x, y, width }) => ({ x, y, width }))(document.querySelector("svg.plot[data-time]").getBoundingClientRect())`,
  )) as { x: number; y: number; width: number };
  await browser.drag([x + width / 4, y + 20], [x + width / 2, y + 30]);
  const [[from, shown]] = (await browser.value(VIEWS)) as [[number, number]];
  const [[low, whole]] = all as [[number, number]];
  assert.ok(Math.abs((from - low) / whole - 0.25) < 0.02 && Math.abs(shown / whole - 0.25) < 0.02, `${from} ${shown}`);
  await browser.value(
    `document.querySelector("svg.plot[data-time]").dispatchEvent(new MouseEvent("dblclick", { bubbles: true }))`,
  );
  assert.deepEqual(await browser.value(VIEWS), all);
}

/** Dark on light and light on dark, and paper is white. */
async function looksAsIsLiked(browser: Browser): Promise<void> {
  const brightness = async (media: string, scheme: string): Promise<[number, number]> => {
    await browser.do("Emulation.setEmulatedMedia", {
      media,
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
    return (await browser.value(
      `["backgroundColor", "color"].map((what) => getComputedStyle(document.body)[what].match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + +one, 0) / 3)`,
    )) as [number, number];
  };
  for (const [media, scheme, isDark] of [
    ["screen", "light", false],
    ["screen", "dark", true],
    ["print", "dark", false],
  ] as const) {
    const [paper, ink] = await brightness(media, scheme);
    assert.ok(isDark ? ink - paper > 150 : paper - ink > 150, `${media} ${scheme}: ${ink} on ${paper}`);
  }
  assert.equal(await browser.value(`getComputedStyle(document.getElementById("keys")).display`), "none");
  const { data } = await browser.do("Page.printToPDF");
  assert.ok(
    Buffer.from(data as string, "base64")
      .subarray(0, 5)
      .equals(Buffer.from("%PDF-")),
  );
  await browser.do("Emulation.setEmulatedMedia", { media: "", features: [] });
}

async function standsWithoutScript(browser: Browser, page: string): Promise<void> {
  await browser.do("Emulation.setScriptExecutionDisabled", { value: true });
  await browser.open("about:blank");
  await browser.open(`file://${page}`);
  const charts = (await browser.value(CHARTS)) as { width: number; marks: number }[];
  assert.ok(charts.length === 10 && charts.every(({ width, marks }) => width > 800 && marks > 0));
  assert.equal(await browser.value(`document.getElementById("keys").hidden`), true);
}
