/** What control queries are told of Autokey, in ntpd's words: of this host, and of whom it asks. */
import { describe, expect, it } from "vitest";
import { PEER_VARIABLES, type PeerThing } from "../../../src/control/responder/peer.ts";
import { SYSTEM_VARIABLES, type SystemThing } from "../../../src/control/responder/system.ts";
import { namedItems, namesIn } from "../../../src/control/responder/table.ts";
import { ntpSeconds } from "../../../src/security/autokey/stamps.ts";
import { provedText } from "../../../src/view/explain.ts";
import { MADE, madeHost } from "../../support/autokey.ts";

const NAMES = new Set(namesIn("flags,host,signature,ident,digest,update,cert,until"));

function ofHost(facts: Partial<SystemThing["facts"]>): string[] {
  return namedItems(SYSTEM_VARIABLES, NAMES, { facts } as SystemThing);
}

describe("this host", () => {
  it("tells its status word, name, digests, and certificates with their ends", () => {
    const { credentials } = madeHost("srv");
    credentials.update({ unix: MADE + 60, synchronized: true });
    expect(ofHost({ autokey: () => credentials.facts("site") })).toEqual([
      'host="srv"',
      'ident="site"',
      "flags=0x29c0003",
      'digest="md5"',
      'signature="sha256WithRSAEncryption"',
      "update=202701150801",
      'cert="srv srv 0x5", until=202801150800',
    ]);
  });

  it("tells nothing of it where it is not spoken, and no update before it has signed anything", () => {
    expect(ofHost({})).toEqual([]);
    expect(ofHost({ autokey: () => null })).toEqual([]);
    const { credentials } = madeHost("srv");
    const items = ofHost({ autokey: () => credentials.facts(null) });
    expect(items.some((item) => /^(update|ident)=/.test(item))).toBe(false);
    expect(credentials.facts(null).certificates[0]!.until).toBe(ntpSeconds(MADE + 365 * 86_400));
  });
});

describe("an association", () => {
  const dance = {
    status: 0x87f03,
    host: "srv",
    ident: "site",
    signature: "md5WithRSAEncryption",
    fault: null,
    trail: [{ subject: "srv", issuer: "root", until: 0 }],
  };

  function ofPeer(autokey: unknown): string[] {
    return namedItems(PEER_VARIABLES, NAMES, { peer: { report: { autokey } } } as PeerThing);
  }

  it("has the flags of the dance, and who the server is; before it has begun and without Autokey none", () => {
    expect(ofPeer(dance)).toEqual(["flags=0x87f03", 'host="srv"', 'signature="md5WithRSAEncryption"', 'ident="site"']);
    expect(ofPeer({ ...dance, status: 0, host: null, signature: null, ident: null })).toEqual([]);
    expect(ofPeer(undefined)).toEqual([]);
  });

  it("is told of in a sentence, which says what it is worth", () => {
    expect(provedText(dance)).toBe(
      "Autokey, which is weak: it is srv of the group site, signs by md5WithRSAEncryption; certificates: srv by root; flags 0x87f03 (certificate, identity, proventic, cookie, autokey, signed, leap)",
    );
    expect(provedText({ ...dance, status: 0, host: null, ident: null, signature: null, trail: [] })).toBe(
      "Autokey, which is weak: it has not said who it is; flags 0x0",
    );
  });
});
