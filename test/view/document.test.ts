/** The JSON documents keep the contract and their schemas. */
import { describe, expect, it } from "vitest";
import { OUTCOMES, type Outcome } from "../../src/engine/port/outcome.ts";
import type { ClockFault, HostFault } from "../../src/engine/port/event.ts";
import type { Snapshot } from "../../src/engine/port/snapshot.ts";
import { fromUnix } from "../../src/time/timestamp.ts";
import { bareDocument, documentText, runDocument } from "../../src/view/document.ts";
import { describeFailure, type Lacking } from "../../src/view/failure.ts";
import { keygenSchema, runSchema } from "../../src/view/schema.ts";
import { violations } from "../support/schema.ts";
import { association, lost, MOMENT, silent, snapshotOf, undecided } from "../support/snapshot.ts";

/** A dance in which the server has said nothing. */
const UNHEARD = { status: 0, host: null, ident: null, signature: null, fault: null, trail: [] };

const LIMITS = {
  stepThreshold: 0.128,
  panic: 1000,
  maxStep: { forward: Infinity, backward: 600 },
  method: "auto",
} as const;
const CONTEXT = { command: "sync", limits: LIMITS, deadline: 15 } as const;

function printed(snapshot: Snapshot, outcome: Outcome = "ok"): Record<string, any> {
  return JSON.parse(
    documentText(runDocument("sync", snapshot, describeFailure(outcome, snapshot, CONTEXT), MOMENT), false),
  );
}

it("counts elapsed seconds to the nanosecond", () => {
  expect(printed({ ...snapshotOf([association(1)]), elapsed: 0.1 + 0.2 })).toMatchObject({ elapsed: 0.3 });
});

describe("the document of a run", () => {
  it("is the contract's, word for word", () => {
    const document = printed(snapshotOf([association(1)], { clock: { action: "step", reason: "dry-run" } }));
    expect(document).toMatchObject({
      schema: "ntpkit/sync/1",
      ok: true,
      exitCode: 0,
      startedAt: "2026-11-21T20:00:00.000000000Z",
      elapsed: 6.02,
      clock: {
        offset: 0.25,
        uncertainty: 0.00022,
        jitter: 0.00002,
        direction: "behind",
        action: "step",
        applied: false,
        reason: "dry-run",
      },
      system: {
        leap: "none",
        stratum: 3,
        refid: "192.0.2.1",
        rootDelay: 0.0012,
        rootDispersion: 0.0021,
        rootDistance: 0.0031,
        systemPeer: 1,
        survivors: 1,
        truechimers: 1,
        falsetickers: 0,
      },
      associations: [
        {
          id: 1,
          name: "192.0.2.1",
          address: "192.0.2.1",
          port: 123,
          mode: "client",
          lifetime: "persistent",
          tally: "*",
          verdict: "systemPeer",
          reason: null,
          version: 4,
          leap: "none",
          stratum: 2,
          refid: "198.51.100.1",
          poll: 6,
          reach: 15,
          unreach: 0,
          offset: 0.25,
          delay: 0.0002,
          dispersion: 0.0001,
          jitter: 0.00002,
          authentication: "none",
          security: "none",
          keyId: null,
          kiss: null,
          timestamps: "kernel",
          packets: { sent: 4, received: 4, rejected: 0 },
          reference: "2026-11-21T19:59:50.000000000Z",
        },
      ],
    });
    expect(document["error"]).toBeUndefined();
  });

  it.each([
    ["a good run", snapshotOf([association(1), association(2, { verdict: "survivor" })]), "ok"],
    ["silence", undecided([silent(1, "unreachable"), silent(2, "unresolved", { address: null })]), "no-reply"],
    ["a panic", snapshotOf([association(1)], { clock: { action: "refused", reason: "panic", offset: 5000 } }), "limit"],
    ["no association at all", undecided([]), "deadline"],
    [
      "an unknown start",
      snapshotOf([association(1, { reference: fromUnix(0n) })], { startedAt: fromUnix(MOMENT) }),
      "ok",
    ],
  ] as const)("%s fits the schema", (_what, snapshot, outcome) => {
    expect(violations(printed(snapshot, outcome), runSchema("sync"))).toEqual([]);
  });

  it("has neither NaN nor infinity, but null", () => {
    const text = documentText(
      runDocument("query", snapshotOf([association(1, { rootDistance: Infinity, jitter: NaN })]), null, MOMENT),
      false,
    );
    expect(text).toContain('"rootDistance":null');
    expect(text).toContain('"jitter":null');
  });

  it("is one line, or indented for people", () => {
    const document = runDocument("query", snapshotOf([association(1)]), null, MOMENT);
    expect(documentText(document, false)).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(documentText(document, true))).toEqual(JSON.parse(documentText(document, false)));
  });

  it("lets no control character through, and still says the same", () => {
    const refid = "\u001b\u009b\u202e\u007f";
    const text = documentText(runDocument("query", snapshotOf([lost(1, "loop", { refid })]), null, MOMENT), false);
    expect(text).not.toMatch(/[^\P{C}\n]/u);
    expect(JSON.parse(text).associations[0].refid).toBe(refid);
  });
});

describe("a failure", () => {
  it("has a document of its own before there is anything to tell", () => {
    const document = bareDocument("query", { code: "usage", message: "unknown option", hint: null });
    expect(document).toEqual({
      schema: "ntpkit/query/1",
      ok: false,
      exitCode: 64,
      error: { code: "usage", message: "unknown option", hint: null },
    });
    expect(violations(document, runSchema("query"))).toEqual([]);
  });

  it("has words for every outcome but ok, on one line", () => {
    for (const outcome of Object.keys(OUTCOMES) as Outcome[]) {
      const failure = describeFailure(outcome, undecided([silent(1, "unreachable")]), CONTEXT);
      if (outcome === "ok") expect(failure).toBeNull();
      else expect(failure).toMatchObject({ code: outcome, message: expect.stringMatching(/^[^\n]{5,}$/) });
    }
  });

  it.each([
    [
      "no-reply",
      undecided([silent(1, "portUnreachable", { port: 1123 })]),
      "no server answered: 192.0.2.1:1123 (nothing listens on its port)",
      "is a time server running there, on that port?",
    ],
    [
      "no-reply",
      undecided([silent(1, "portUnreachable", { security: "nts" })]),
      "no server answered: 192.0.2.1 (nothing listens on its port)",
      "is that the port of key establishment? it is 4460 unless said; `ntpkit nts HOST` examines it step by step",
    ],
    [
      "no-reply",
      undecided([silent(1, "unreachable", { port: 1123 })]),
      "no server answered: 192.0.2.1:1123 (it did not answer)",
      "is UDP port 1123 blocked on the way? --timeout and --deadline allow more time",
    ],
    [
      "no-reply",
      undecided([silent(1, "unreachable", { packets: { sent: 3, received: 0, rejected: 3 } })]),
      "no server answered: 192.0.2.1 (it did not answer)",
      "packets came that could not be used; -v says why",
    ],
    [
      "no-reply",
      undecided([silent(1, "noRoute"), silent(2, "unresolved")]),
      "no server answered: 192.0.2.1 (there is no route to it), 192.0.2.2 (its name could not be resolved)",
      "is the network up? --wait-network 60s waits for it",
    ],
    [
      "no-reply",
      undecided([silent(1, "noRoute")]),
      "no server answered: 192.0.2.1 (there is no route to it)",
      "is the network up? --wait-network 60s waits for it",
    ],
    [
      "no-reply",
      undecided([silent(1, "noRoute", { unreachable: "noAddress" })]),
      "no server answered: 192.0.2.1 (the address or interface is not this host's)",
      "is the name of the interface right? `ip link` lists them",
    ],
    [
      "no-reply",
      undecided([silent(1, "unreachable", { unreachable: "noPrivilege" })]),
      "no server answered: 192.0.2.1 (this host forbids it: a route, the firewall, or it is a broadcast address)",
      "`ip route get ADDRESS` tells how this host would reach it, if its firewall lets it",
    ],
    [
      "no-reply",
      undecided([silent(1, "unreachable", { unreachable: "other", name: "fe80::1", address: "fe80::1" })]),
      "no server answered: fe80::1 (a link-local address needs its interface, as in fe80::1%INTERFACE)",
      "`ip link` lists the interfaces",
    ],
    [
      "no-reply",
      undecided([silent(1, "unreachable", { unreachable: "other" }), silent(2, "unreachable")]),
      "no server answered: 192.0.2.1 (the system refused), 192.0.2.2 (it did not answer)",
      "is UDP port 123 blocked on the way? --timeout and --deadline allow more time",
    ],
    [
      "permission",
      undecided([silent(1, "sourcePort", { unreachable: "noPrivilege" })]),
      "the source port may not be used by this process",
      "run it as root, or give it CAP_NET_BIND_SERVICE; or name a port above 1023 with --source-port",
    ],
    [
      "permission",
      undecided([silent(1, "sourcePort", { unreachable: "noPrivilege" }), lost(2, "unsynchronized")]),
      "the source port may not be used by this process: 192.0.2.1 (no privilege), 192.0.2.2 (its own clock is not synchronized)",
      "run it as root, or give it CAP_NET_BIND_SERVICE; or name a port above 1023 with --source-port",
    ],
    [
      "no-reply",
      undecided([silent(1, "noRoute", { unreachable: "noRoute", name: "fe80::1%nope", address: "fe80::1%nope" })]),
      "no server answered: fe80::1%nope (there is no route to it)",
      "is that its interface, and is it up? `ip link` lists the interfaces",
    ],
    [
      "permission",
      undecided([silent(1, "sourcePort", { unreachable: "portInUse" })]),
      "the source port is in use by another program",
      "leave out --source-port, or name a port that is free",
    ],
    [
      "authentication",
      undecided([silent(1, "authentication", { keyId: 3, packets: { sent: 0, received: 0, rejected: 0 } })]),
      "no server could be authenticated: 192.0.2.1 (key 3 is not in the keyring, or not trusted)",
      "compare the keys at both ends: identifier, algorithm, secret, and that they are trusted",
    ],
    [
      "resolve",
      undecided([], { unresolved: [{ name: "::1", why: "otherFamily" }] }),
      "no name could be resolved: ::1 (there is no such name, or it has no address of the family asked for)",
      "leave out -4 or -6, or ask other servers",
    ],
    [
      "resolve",
      undecided([], { unresolved: [{ name: "ntp.example", why: "again" }] }),
      "no name could be resolved: ntp.example (no name server answers now)",
      "--wait-network 60s waits for the network; an IP address needs no name server",
    ],
    [
      "no-agreement",
      undecided([lost(1, "noMajority"), lost(2, "noMajority", { offset: -300 })]),
      "no majority of the servers agree: 192.0.2.1 (+250.0 ms), 192.0.2.2 (-300.0 s)",
      "ask more servers, so that those in the right outvote the others",
    ],
    [
      "no-agreement",
      undecided([lost(1, "unsynchronized")]),
      "no server is fit: 192.0.2.1 (its own clock is not synchronized)",
      "ask other servers",
    ],
    [
      "limit",
      snapshotOf([association(1)], { clock: { offset: 86_400, reason: "panic", action: "refused" } }),
      "the local clock is 86400.0 s behind (1 d), beyond the --panic limit of 1000.0 s; nothing was changed",
      "if the servers are right, allow it with --panic inf",
    ],
    [
      "limit",
      snapshotOf([association(1)], { clock: { offset: -700, reason: "max-step", action: "refused" } }),
      "the local clock is 700.0 s ahead (11 min 40 s), beyond the --max-step backward of 600.0 s; nothing was changed",
      "if the servers are right, allow it with --max-step backward=inf",
    ],
    [
      "permission",
      snapshotOf([association(1)], { clock: { action: "step", reason: "noPrivilege" } }),
      "the local clock is 250.0 ms behind and was not corrected: this process may not set the clock",
      "run it as root, or give it CAP_SYS_TIME; --dry-run only says what would be done",
    ],
    [
      "authentication",
      undecided([lost(1, "authentication", { authentication: "nak", keyId: null })]),
      "no server could be authenticated: 192.0.2.1 (crypto-NAK, though no key was used)",
      "ask other servers, or name the key that these want with --key and --keys",
    ],
    [
      "authentication",
      undecided([
        lost(1, "authentication", { authentication: "nak", keyId: null, security: "autokey", autokey: UNHEARD }),
      ]),
      "no server could be authenticated: 192.0.2.1 (it does not speak Autokey, or knows us no more (crypto-NAK))",
      "ask other servers, or by Network Time Security: --nts",
    ],
    [
      "authentication",
      undecided([lost(1, "authentication", { authentication: "nak", keyId: 3 })]),
      "no server could be authenticated: 192.0.2.1 (crypto-NAK)",
      "compare the keys at both ends: identifier, algorithm, secret, and that they are trusted",
    ],
    [
      "kiss",
      undecided([lost(1, "denied", { kiss: "DENY" })]),
      "the servers asked us to go away: 192.0.2.1 (DENY, access denied by the server)",
      "ask other servers; this one is not asked again unless --forget drops the memory of it",
    ],
    [
      "deadline",
      undecided([silent(1, "pending")]),
      "the deadline of 15.000 s passed before an answer was complete: 192.0.2.1 (it has not been measured yet)",
      "--deadline allows more time",
    ],
  ] as const)("%s says what, where and what to do", (outcome, snapshot, message, hint) => {
    expect(describeFailure(outcome, snapshot, CONTEXT)).toEqual({ code: outcome, message, hint });
  });

  it("says why clients cannot be answered", () => {
    const words = (why: HostFault): unknown =>
      describeFailure("permission", undecided([]), {
        ...CONTEXT,
        command: "run",
        lacking: null,
        service: { port: 123, why },
      });
    expect(words("portInUse")).toEqual({
      code: "permission",
      message: "UDP port 123 is in use by another program",
      hint: "stop the time daemon there, or name another port with --port",
    });
    expect(words("noPrivilege")).toMatchObject({
      message: "UDP port 123 may not be used by this process",
      hint: expect.stringContaining("forbids to bind to that port"),
    });
  });

  it("says which capability is missing, and to whom", () => {
    const hint = (lacking: Lacking | null): string | null | undefined =>
      describeFailure(
        "permission",
        snapshotOf([association(1)], { clock: { action: "step", reason: "noPrivilege" } }),
        { ...CONTEXT, lacking },
      )?.hint;
    expect(hint({ capability: "CAP_SYS_TIME", who: "user" })).toBe(
      "run it as root, or give it CAP_SYS_TIME; --dry-run only says what would be done",
    );
    expect(hint({ capability: "CAP_SYS_TIME", who: "root" })).toBe(
      "root lacks CAP_SYS_TIME here; give it to the service, or start the container with --cap-add SYS_TIME; --dry-run only says what would be done",
    );
    expect(hint(null)).toContain("a seccomp filter or a security module");
  });

  it("names what a daemon lacks that is refused the clock before it has measured anything", () => {
    const words = (reason: ClockFault, lacking: Lacking | null): unknown =>
      describeFailure("permission", undecided([], { clock: { reason } }), { ...CONTEXT, command: "run", lacking });
    expect(words("noPrivilege", { capability: "CAP_SYS_TIME", who: "user" })).toEqual({
      code: "permission",
      message: "the local clock cannot be steered: this process may not set the clock",
      hint: "run it as root, or give it CAP_SYS_TIME; --no-clock leaves the clock alone",
    });
    expect(words("noPrivilege", null)).toMatchObject({
      hint: "it is not for want of CAP_SYS_TIME: a seccomp filter or a security module forbids to set the clock; --no-clock leaves the clock alone",
    });
    expect(words("unsupported", null)).toMatchObject({
      message: "the local clock cannot be steered: the clock of this system cannot be set from here",
      hint: "--no-clock leaves the clock alone",
    });
  });

  it("asks for no privilege where a port needs none", () => {
    const hint = (port: number): string | null | undefined =>
      describeFailure("permission", undecided([]), {
        ...CONTEXT,
        command: "run",
        lacking: { capability: "CAP_NET_BIND_SERVICE", who: "user" },
        service: { port, why: "noPrivilege" },
      })?.hint;
    expect(hint(123)).toBe("run it as root, or give it CAP_NET_BIND_SERVICE; or name a port above 1023 with --port");
    expect(hint(1123)).toContain("a seccomp filter or a security module");
  });

  it("names the other daemon", () => {
    expect(
      describeFailure("other-daemon", undecided([]), { ...CONTEXT, otherDaemon: "chronyd (process 512)" })?.message,
    ).toBe("chronyd (process 512) disciplines this clock; nothing was changed");
  });

  it("names four servers at most", () => {
    const failure = describeFailure(
      "no-reply",
      undecided([1, 2, 3, 4, 5, 6].map((id) => silent(id, "unreachable"))),
      CONTEXT,
    );
    expect(failure?.message).toMatch(/192\.0\.2\.4 \(it did not answer\) and 2 more$/);
  });
});

describe("the schemas", () => {
  it("refuse what the contract does not allow", () => {
    const good = printed(snapshotOf([association(1)]));
    const schema = runSchema("sync");
    expect(violations(good, schema)).toEqual([]);
    for (const bad of [
      { ...good, schema: "ntpkit/query/1" },
      { ...good, exitCode: 3 },
      { ...good, ok: false },
      { ...good, clock: { ...good["clock"], offset: "0.25" } },
      { ...good, clock: { ...good["clock"], action: "jump" } },
      { ...good, startedAt: "yesterday" },
      { ...good, associations: [{ ...good["associations"][0], reason: "because" }] },
      { ...good, associations: [{ ...good["associations"][0], reach: 256 }] },
      { ok: true },
    ]) {
      expect(violations(bad, schema)).not.toEqual([]);
    }
    expect(
      violations(
        {
          schema: "ntpkit/keygen/1",
          ok: true,
          exitCode: 0,
          file: null,
          keys: [{ id: 1, algorithm: "MD5" }],
          text: "1 MD5 x",
        },
        keygenSchema(),
      ),
    ).toEqual([]);
  });
});
