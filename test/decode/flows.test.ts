import { expect, it } from "vitest";
import { Flow } from "../../src/decode/flow.ts";
import { Flows } from "../../src/decode/flows.ts";

const SERVER = { ip: "192.0.2.1", port: 123 };
const clientOf = (number: number): { ip: string; port: number } => ({
  ip: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`,
  port: 1024 + (number % 60_000),
});

it("flows are found by their two ends, in this order, and those used last longest", () => {
  const flows = new Flows(1024);
  const all = Array.from({ length: 5000 }, () => new Flow(false));
  all.forEach((flow, number) => {
    flows.add(clientOf(number), SERVER, flow);
    // The first is asked for all along.
    expect(flows.get({ ...clientOf(0) }, { ...SERVER })).toBe(all[0]);
  });
  // Youngest first: what is found comes to the front. A generation is kept for certain, two at most.
  const found = all.map((_, back) => flows.get(clientOf(4999 - back), SERVER) === all[4999 - back]);
  expect(found.slice(0, 1000).every(Boolean)).toBe(true);
  expect(found.slice(2500, -1).some(Boolean)).toBe(false);
  expect(flows.get(SERVER, clientOf(4999))).toBeUndefined();
  expect(flows.get(clientOf(4999), { ...SERVER, port: 124 })).toBeUndefined();
});
