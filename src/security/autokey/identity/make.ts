/** New identity parameters of a group: its servers' and its clients', as ntp-keygen makes them. */
import {
  checkPrimeSync,
  createPrivateKey,
  generateKeyPairSync,
  generatePrimeSync,
  randomInt,
  type KeyObject,
} from "node:crypto";
import { derNumbers } from "../der.ts";
import { dsaText, privateKeyText } from "../pem.ts";
import { gqPublicValue } from "./gq.ts";
import { iffPublicValue } from "./iff.ts";
import { drawn, drawnPrime, inverse, power, type RandomOctets } from "./numbers.ts";

/** What a file is to have in it. */
export interface IdentityText {
  /** As in its name before the group: `IFFkey`. */
  readonly kind: string;
  /** The name of the link to it, before the group: `iffkey`; `null`: it is somebody's alone, and has none. */
  readonly link: string | null;
  /** PEM. */
  readonly text: string;
}

/** Files of a new group, the server's first. */
export interface MadeIdentity {
  readonly files: readonly IdentityText[];
  /** Of GQ, for the server's certificate. */
  readonly groupKey?: bigint;
}

/** Numbers of IFF: those of DSA, and b. */
export function makeIff(bits: number, password: string, random: RandomOctets): MadeIdentity {
  const [p, q, g] = dsaGroup(bits, random);
  const secret = drawn(q, random);
  const publicValue = iffPublicValue({ p, q, g }, secret);
  return {
    files: [
      { kind: "IFFkey", link: "iffkey", text: dsaText([p, q, g, publicValue, secret], password) },
      { kind: "IFFpar", link: "iffpar", text: dsaText([p, q, g, publicValue, 1n], null) },
    ],
  };
}

/**
 * Numbers of GQ: the modulus of an RSA key, b and u. They stand where ntpd 4.2.8p15 looks for them, which is not where its ntp-keygen puts
 * them (`gq.ts`), and in the place of a client's b where either looks.
 */
export function makeGq(bits: number, password: string, random: RandomOctets): MadeIdentity {
  const modulus = generateKeyPairSync("rsa", { modulusLength: bits }).publicKey.export({ format: "jwk" }).n ?? "";
  const n = BigInt(`0x${Buffer.from(modulus, "base64url").toString("hex")}`);
  const groupSecret = drawn(n, random);
  const secret = drawnPrime(n, random);
  const publicValue = gqPublicValue(n, { groupSecret, secret })!;
  const server = rsaKey([n, secret, groupSecret, secret, publicValue]);
  const client = rsaKey([n, groupSecret, groupSecret, 1n, 1n]);
  return {
    files: [
      { kind: "GQkey", link: "gqkey", text: privateKeyText(server, password) },
      { kind: "GQpar", link: "gqpar", text: client.export({ type: "pkcs8", format: "pem" }) as string },
    ],
    groupKey: publicValue,
  };
}

/**
 * Numbers of MV (`mv.ts`): a key for each client, and one more that is shut out from the beginning, since without that nothing would be
 * encrypted.
 */
export function makeMv(bits: number, clients: number, password: string, random: RandomOctets): MadeIdentity {
  const { p, q, primes } = mvGroup(bits, clients + 1);
  // A square, of order q.
  const g = power(drawn(p, random), 2n, p);
  const roots = primes.map(() => drawnPrime(q, random));
  const b = drawnPrime(q, random);
  const inverted = inverse(b, q)!;
  const enabling = q / primes.at(-1)!;
  const degree = BigInt(primes.length);
  const raised = roots.map((root) => power(root, degree, q));
  const sum = raised.reduce((total, one) => (total + one) % q, 0n);
  const keys = primes.map((prime, index) => {
    const own = ((sum - raised[index]! + q) * inverted) % q;
    const shown = (raised[index]! * (q / prime + 1n)) % q;
    return [own, shown] as const;
  });
  const encryption = power(g, q - sum, p);
  const [E, first, second] = [
    power(encryption, enabling, p),
    power(g, enabling, p),
    power(g, (enabling * b) % q, p),
  ] as const;
  return {
    files: [
      { kind: "MVkey", link: "mvkey", text: dsaText([p, q, E, second, first], password) },
      ...keys.slice(0, -1).map(([own, shown], index) => ({
        kind: `MVpar${index + 1}`,
        link: null,
        // ntpd knows no password of a client's parameters.
        text: dsaText([p, 1n, 1n, shown, own], null),
      })),
    ],
  };
}

/**
 * Numbers of a DSA group: p of so many bits, q that divides p - 1, g of order q. Of any size: OpenSSL makes those of the standard's sizes
 * only, and ntpd's are of others.
 */
export function dsaGroup(bits: number, random: RandomOctets): readonly [bigint, bigint, bigint] {
  const q = generatePrimeSync(bits < 2048 ? 160 : 256, { bigint: true });
  const p = generatePrimeSync(bits, { bigint: true, add: 2n * q, rem: 1n });
  for (;;) {
    const g = power(drawn(p, random), (p - 1n) / q, p);
    if (g > 1n) return [p, q, g];
  }
}

/** An RSA key of numbers that are none: n, e, d, p, q. */
function rsaKey(numbers: readonly [bigint, bigint, bigint, bigint, bigint]): KeyObject {
  const octets = derNumbers([0n, ...numbers, 1n, 1n, 1n]);
  return createPrivateKey({ key: Buffer.from(octets), format: "der", type: "pkcs1" });
}

/** Primes that MV's are chosen from, and attempts after which one of them is another: so not every attempt needs a new one. */
const POOL = 16;

/** p = 2 q + 1, and q a product of so many primes: a prime itself once in some hundred attempts. */
function mvGroup(
  bits: number,
  count: number,
): { readonly p: bigint; readonly q: bigint; readonly primes: readonly bigint[] } {
  const each = Math.floor((bits - 1) / count);
  const fresh = (): bigint => generatePrimeSync(each, { bigint: true });
  const pool = Array.from({ length: POOL + count }, fresh);
  for (let attempt = 1; ; attempt += 1) {
    if (attempt % POOL === 0) pool[0] = fresh();
    shuffle(pool);
    const primes = pool.slice(0, count);
    const q = primes.reduce((product, prime) => product * prime, 1n);
    const p = 2n * q + 1n;
    if (new Set(primes).size === count && isPrime(p)) return { p, q, primes };
  }
}

function shuffle(list: bigint[]): void {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [list[last], list[other]] = [list[other]!, list[last]!];
  }
}

/** By small primes first, which most numbers have a factor in common with. */
function isPrime(number: bigint): boolean {
  return inverse(SMALL_PRIMES, number) !== null && checkPrimeSync(number);
}

const SMALL_PRIMES = [
  3n,
  5n,
  7n,
  11n,
  13n,
  17n,
  19n,
  23n,
  29n,
  31n,
  37n,
  41n,
  43n,
  47n,
  53n,
  59n,
  61n,
  67n,
  71n,
].reduce((product, prime) => product * prime);
