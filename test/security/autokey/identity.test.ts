/** Identity schemes: whoever knows the secret proves it, and nobody else does; by files of ours and of ntp-keygen 4.2.8p15. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readCertificate } from "../../../src/security/autokey/certificate.ts";
import { derNumbers } from "../../../src/security/autokey/der.ts";
import { readGroupFile } from "../../../src/security/autokey/identity/files.ts";
import { gqPublicValue, readGq } from "../../../src/security/autokey/identity/gq.ts";
import {
  answerTo,
  challengeFor,
  isOfFile,
  isProof,
  type GroupParameters,
  type IdentityScheme,
} from "../../../src/security/autokey/identity/identity.ts";
import { makeGq, makeIff, makeMv, type MadeIdentity } from "../../../src/security/autokey/identity/make.ts";
import { inverse, power, slowPower } from "../../../src/security/autokey/identity/numbers.ts";
import { KeyFileFault, readCertificateFile } from "../../../src/security/autokey/keyfiles.ts";
import { usable } from "../../support/autokey.ts";

const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
const fixture = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/autokey/keygen/${name}`, import.meta.url)), "latin1");

interface Group {
  readonly server: GroupParameters;
  readonly clients: readonly GroupParameters[];
  readonly certified: bigint | null;
}

function groupOf(scheme: IdentityScheme, { files, groupKey }: MadeIdentity): Group {
  const [server, ...clients] = files.map(({ kind, text }) =>
    usable(readGroupFile(scheme, `# ntpkey_${kind}_g.4005000000\n\n${text}`, "secret")),
  );
  return { server: server!, clients, certified: groupKey ?? null };
}

const made = {} as Record<IdentityScheme, Group>;
const others = {} as Record<IdentityScheme, Group>;
beforeAll(() => {
  for (const groups of [made, others]) {
    groups.iff = groupOf("iff", makeIff(512, "secret", random));
    groups.gq = groupOf("gq", makeGq(512, "secret", random));
    groups.mv = groupOf("mv", makeMv(512, 3, "secret", random));
  }
});

/** What became of a challenge. */
function proves(server: GroupParameters, client: GroupParameters, certified: bigint | null): boolean {
  const challenge = challengeFor(client, random);
  return isProof(client, certified, challenge, answerTo(server, challenge, random)!);
}

describe.each(["iff", "gq", "mv"] as const)("by %s", (scheme) => {
  it("a server of the group proves it to every client", () => {
    const { server, clients, certified } = made[scheme];
    expect(clients).toHaveLength(scheme === "mv" ? 3 : 1);
    for (const client of clients) expect(proves(server, client, certified)).toBe(true);
  });

  it("a server of another group does not, nor does an answer to another challenge, or a changed one", () => {
    const { server, clients, certified } = made[scheme];
    const [client] = clients;
    // Of GQ the other's own certificate proves nothing either.
    for (const shown of [certified, others[scheme].certified])
      expect(proves(others[scheme].server, client!, shown)).toBe(false);
    const challenge = challengeFor(client!, random);
    const answer = answerTo(server, challenge, random)!;
    expect(isProof(client!, certified, challengeFor(client!, random), answer)).toBe(false);
    for (const place of [2, 9, answer.length - 1]) {
      const changed = answer.slice();
      changed[place]! ^= 1;
      expect(isProof(client!, certified, challenge, changed)).toBe(false);
    }
  });

  it("what is no answer proves nothing, and a challenge that is none has no answer", () => {
    const { server, clients, certified } = made[scheme];
    const challenge = challengeFor(clients[0]!, random);
    for (const answer of [
      new Uint8Array(0),
      Uint8Array.of(0x30, 0x82, 0xff, 0xff),
      derNumbers([]),
      derNumbers([0n, 0n]),
      derNumbers([1n, 1n, 1n]),
      derNumbers([1n << 4000n, 1n, 1n]),
      random(200),
    ])
      expect(isProof(clients[0]!, certified, challenge, answer)).toBe(false);
    expect(answerTo(server, new Uint8Array(4000).fill(0xff), random)).toBeNull();
    expect(answerTo(server, new Uint8Array(0), random)).not.toBeNull();
    // Who has what a client has proves nothing.
    expect(answerTo(clients[0]!, challenge, random)).toBeNull();
  });

  it("numbers of the wrong group, of one bit, or of very many are no parameters", () => {
    const { server } = made[scheme];
    expect(server.scheme).toBe(scheme);
    const numbers = { n: 1n, e: 3n, d: 1n, p: 1n, q: 1n };
    expect(readGq(numbers)).toBeNull();
    expect(readGq({ ...numbers, n: (1n << 4096n) | 1n })).toBeNull();
    expect(readGq({ ...numbers, n: 1n << 1000n })).toBeNull();
  });
});

describe("what clients are given", () => {
  it("is not encrypted, since ntpd has no password for it; what servers have is", () => {
    for (const { files } of [
      makeIff(512, "secret", random),
      makeGq(512, "secret", random),
      makeMv(512, 1, "secret", random),
    ])
      expect(files.map(({ text }) => /ENCRYPTED/.test(text))).toEqual([true, false]);
  });
});

describe("MV", () => {
  it("is not proved by powers of 1 and -1, which everybody knows, though ntpd is content with them", () => {
    const client = made.mv.clients[0]!;
    if (client.scheme !== "mv") throw new Error("no MV");
    const challenge = challengeFor(client, random);
    const r = BigInt(`0x${Buffer.from(challenge).toString("hex")}`);
    const { p } = client;
    for (const y of [r, p - r])
      for (const [first, second] of [
        [1n, 1n],
        [p - 1n, 1n],
        [1n, p - 1n],
        [p + 1n, p + 1n],
        [p, p],
      ] as const)
        expect(isProof(client, null, challenge, derNumbers([y, first, second]))).toBe(false);
  });

  it("of ntp-keygen's file, which has lost what it needs, is named as such", () => {
    const read = readGroupFile("mv", fixture("ntpkey_mvta_mv"), "lab");
    expect(read instanceof KeyFileFault && read.message).toMatch(/has lost its public value/);
  });
});

describe("GQ", () => {
  const certified = (): bigint => {
    const read = readCertificate(usable(readCertificateFile(fixture("ntpkey_cert_gq"))).what);
    if (typeof read === "string") throw new Error(read);
    return read.groupKey!;
  };

  it("by ntp-keygen's files, as RFC 5906 means them", () => {
    const server = usable(readGroupFile("gq", fixture("ntpkey_gqkey_gq"), "lab"));
    const client = usable(readGroupFile("gq", fixture("ntpkey_gqpar_gq"), ""));
    expect(proves(server, client, certified())).toBe(true);
    expect(proves(server, client, certified() + 1n)).toBe(false);
    expect(proves(server, client, null)).toBe(false);
  });

  it("by files of ours stands where ntpd 4.2.8p15 looks for it: u in the public, b in the private exponent", () => {
    const { server } = made.gq;
    if (server.scheme !== "gq" || server.secret === null) throw new Error("no GQ");
    const { n, groupSecret, secret } = server;
    const v = gqPublicValue(n, { groupSecret, secret });
    expect(v).toBe(made.gq.certified);
    expect(readGq({ n, e: secret, d: groupSecret, p: secret, q: v! })).toMatchObject({ groupSecret, secret });
    expect(readGq({ n, e: groupSecret, d: 1n, p: secret, q: v! })).toMatchObject({ groupSecret, secret });
    expect(readGq({ n, e: groupSecret, d: 1n, p: secret, q: v! + 1n })).toBeNull();
  });

  it("may be answered by younger parameters than the client's, the others by the same only", () => {
    const { iff, gq, mv } = made;
    for (const [group, younger] of [
      [iff.server, false],
      [gq.server, true],
      [mv.server, false],
    ] as const)
      expect([-1, 0, 1].map((by) => isOfFile(group, group.filestamp + by))).toEqual([false, true, younger]);
  });
});

describe("numbers", () => {
  const number = fc.bigInt({ min: 0n, max: 1n << 300n });

  it("have the same powers by OpenSSL and by hand, whatever they are", () => {
    fc.assert(
      fc.property(number, number, number, (base, exponent, modulus) => {
        fc.pre(modulus > 1n);
        expect(power(base, exponent, modulus)).toBe(slowPower(base, exponent, modulus));
      }),
    );
    const odd = (1n << 511n) | 1n;
    for (const exponent of [0n, 1n, 2n, odd - 1n, odd, odd + 7n])
      for (const base of [0n, 1n, odd - 1n, odd, odd + 3n])
        expect(power(base, exponent, odd)).toBe(slowPower(base, exponent, odd));
  });

  it("have an inverse, unless they have a factor in common with the modulus", () => {
    fc.assert(
      fc.property(number, number, (one, modulus) => {
        fc.pre(modulus > 1n);
        const inverted = inverse(one, modulus);
        if (inverted !== null) expect((one * inverted) % modulus).toBe(1n);
      }),
    );
    expect(inverse(6n, 9n)).toBeNull();
    expect(inverse(-2n, 9n)).toBe(4n);
  });
});
