/** The lines of -v. */
import { describe, expect, it } from "vitest";
import type { AssociationId } from "../../src/association/association.ts";
import type { Note } from "../../src/engine/port/note.ts";
import { noteText } from "../../src/view/notes.ts";
import { stateWarningText } from "../../src/view/warnings.ts";

const id = 1 as AssociationId;
const address = { ip: "192.0.2.1", port: 123 };

describe("a note", () => {
  it.each<[Note, string]>([
    [
      { what: "resolved", name: "a.example", addresses: ["192.0.2.1", "2001:db8::1"] },
      "a.example is 192.0.2.1 and 2001:db8::1",
    ],
    [{ what: "unresolved", name: "a.example", why: "notFound" }, "a.example has no address: there is no such name"],
    [{ what: "mobilized", id, name: "a.example", address }, "192.0.2.1:123: mobilized for a.example"],
    [{ what: "sample", id, address, offset: 0.25, delay: 0.0002 }, "192.0.2.1:123: offset +250.0 ms, delay 200.0 µs"],
    [
      { what: "refused", id, from: address, test: "bogus" },
      "192.0.2.1:123: a packet was not used: its origin is not what we sent",
    ],
    [
      { what: "refused", id: null, from: address, test: "tooShort" },
      "192.0.2.1:123: a packet was not used: it is shorter than a header",
    ],
    [{ what: "unreachable", id, address, why: "noRoute" }, "192.0.2.1:123: there is no route to it"],
    [{ what: "kiss", id, address, code: "RATE" }, "192.0.2.1:123: kiss-o'-death RATE, the server limits our rate"],
    [{ what: "systemPeer", id: null, address: null }, "no system peer"],
    [{ what: "decided", offset: -0.25 }, "decided: local clock is 250.0 ms ahead"],
    [{ what: "leapSecond", leap: "insert" }, "a leap second was inserted"],
    [{ what: "leapSecond", leap: "delete" }, "a leap second was deleted"],
    [
      { what: "interfaces", come: ["192.0.2.2"], gone: ["192.0.2.1", "2001:db8::1"] },
      "this machine's addresses have changed: 192.0.2.2 came, 192.0.2.1 and 2001:db8::1 went",
    ],
    [{ what: "interfaces", come: [], gone: ["192.0.2.1"] }, "this machine's addresses have changed: 192.0.2.1 went"],
    [
      { what: "stepWaits", offset: -0.5, left: 772 },
      "the clock is off by -500.0 ms, beyond the step threshold: it is stepped if that lasts for 772.0 s more, since it may be a spike",
    ],
    [{ what: "wouldStep", by: -2 }, "the clock would be stepped by -2.000 s; it is left alone, as asked"],
    [
      { what: "wouldRefuse", by: 1500, why: "panic" },
      "an offset of +1500.0 s is beyond the panic threshold: without --no-clock this would be the end",
    ],
    [
      { what: "clockStepped", by: 5, whose: "another" },
      "the clock was stepped by +5.000 s, by somebody else: measuring begins anew",
    ],
  ])("%o is one line", (note, text) => {
    expect(noteText(note)).toBe(text);
  });

  it("shows nothing hostile", () => {
    expect(noteText({ what: "kiss", id, address, code: "\u001b[2J" })).toBe("192.0.2.1:123: kiss-o'-death \\x1b[2J");
  });
});

describe("a warning about the state file", () => {
  it("says what follows from it", () => {
    expect(stateWarningText({ code: "corrupt", path: "/s", aside: "/s.corrupt" })).toBe(
      "/s is not what ntpkit writes and is not used; it was put aside as /s.corrupt",
    );
    expect(stateWarningText({ code: "unwritable", path: "/s", why: "EACCES" })).toBe(
      "/s cannot be written (EACCES): later runs will know nothing of this one, and ask servers again that sent us away",
    );
  });
});
