/** What an association under Autokey shows of itself, whoever it is with: how far its dance has come, from where it leaves, whether its keys count. */
import { addressOctets } from "../../wire/address.ts";
import type { Dancing, DanceReport, Moment, Security } from "../security.ts";
import type { Dance, Dancer } from "./dance.ts";

/** The security of an association under Autokey; it is its own {@link Dancing}. */
export interface AutokeySecurity extends Security, Dancing {
  readonly dancing: Dancing;
}

/** What differs by whom it is with. */
export interface Sides extends Pick<Security, "seal" | "open"> {
  /** Something should not wait for the next poll. */
  readonly isDue: () => boolean;
  /** It begins again. */
  readonly begin: () => void;
  /** The address of ours that packets leave from, as octets; `null`: it is none. */
  readonly faced: (local: Uint8Array | null) => void;
  readonly told: (moment: Moment) => void;
}

/** The security of two sides. */
export function surfaceOf(
  dance: Dance,
  dancer: Dancer,
  { seal, open, isDue, begin, faced, told }: Sides,
): AutokeySecurity {
  let local: string | null = null;
  const security: AutokeySecurity = {
    kind: "autokey",
    keyId: null,
    seal,
    open,
    report: () => danceReport(dance, dancer),
    get dancing() {
      return security;
    },
    get local() {
      return local;
    },
    get isComplete() {
      return dance.isComplete;
    },
    lose: () => dance.lose(),
    get isDue() {
      return isDue();
    },
    get isOutdated() {
      return dancer.isOutdated?.() === true;
    },
    face(address) {
      if (address === local) return;
      // Cookies are made for an address.
      if (local !== null) begin();
      local = address;
      faced(addressOctets(address));
    },
    tell(now) {
      told(now);
      dancer.credentials.refresh(now);
    },
  };
  return security;
}

/** How far a dance has come. */
function danceReport({ status, subject, scheme, fault, trail }: Dance, { ident }: Pick<Dancer, "ident">): DanceReport {
  return {
    status,
    host: subject,
    ident: ident ?? null,
    signature: scheme?.name ?? null,
    fault,
    trail: trail.map(({ subject: of, issuer, until }) => ({ subject: of, issuer, until })),
  };
}
