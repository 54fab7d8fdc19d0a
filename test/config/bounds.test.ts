/** What a program may give as the options of a one-shot. */
import { describe, expect, it } from "vitest";
import { checkOnceOptions } from "../../src/config/bounds.ts";
import { query } from "../../src/index.ts";

describe("options given as numbers", () => {
  it.each([
    [{}],
    [
      {
        samples: 1,
        port: 65_535,
        deadline: Infinity,
        panic: Infinity,
        accuracy: 1e-6,
        maxStep: { forward: Infinity, backward: 0 },
      },
    ],
  ])("%j are taken", (options) => {
    expect(() => checkOnceOptions(options)).not.toThrow();
  });

  it.each([
    [{ samples: 0 }, "samples: 0 is not what it may be"],
    [{ samples: 1.5 }, "samples: 1.5 is not what it may be"],
    [{ samples: "3" }, 'samples: "3" is not what it may be'],
    [{ port: 65_536 }, "port: 65536 is not what it may be"],
    [{ timeout: Number.NaN }, "timeout: NaN is not what it may be"],
    [{ timeout: Infinity }, "timeout: Infinity is not what it may be"],
    [{ deadline: -1 }, "deadline: -1 is not what it may be"],
    [{ panic: Number.NaN }, "panic: NaN is not what it may be"],
    [{ maxStep: { forward: -1, backward: 1 } }, "maxStep.forward: -1 is not what it may be"],
  ])("%j are a mistake", (options, message) => {
    expect(() => checkOnceOptions(options as object)).toThrow(
      expect.objectContaining({ name: "UsageError", message, hint: expect.any(String) }),
    );
  });

  it("are looked at by the library, before anything is sent", async () => {
    await expect(query("127.0.0.1:1", { samples: 0 })).rejects.toThrow("samples: 0 is not what it may be");
  });
});
