/**
 * A capture file of either format, read as it comes: chunks in, frames out. Memory is flat over files of any length.
 */
import type { CaptureFault, Damage, Format, Frame } from "./frame.ts";
import { Intake } from "./intake.ts";
import { isPcap, Pcap } from "./pcap.ts";
import { Pcapng, SECTION } from "./pcapng.ts";

/** What both formats begin with. */
const MAGIC_LENGTH = 4;

/**
 * Reads one capture. Feed it with {@link CaptureReader.read}, and ask {@link CaptureReader.end} once all has come. After a
 * {@link Damage} it reads no further.
 */
export class CaptureReader {
  readonly #intake = new Intake();
  #format: Format | null = null;
  #packets = 0;
  #damage: Damage | null = null;

  /** Whether the file is at fault, so that nothing more will come of it. */
  get isDamaged(): boolean {
    return this.#damage !== null;
  }

  /**
   * What the next octets of the file complete.
   * @param chunk kept by reference: it must not be written to afterwards
   */
  *read(chunk: Uint8Array): Generator<Frame | Damage, void, undefined> {
    if (this.#damage !== null) return;
    this.#intake.push(chunk);
    this.#format ??= this.#open();
    while (this.#damage === null && this.#format !== null) {
      const read = this.#format.next();
      if (read === null) return;
      if (typeof read === "string") this.#damaged(read);
      else {
        this.#packets = read.packet;
        yield read;
      }
    }
    if (this.#damage !== null) yield this.#damage;
  }

  /** What is the matter with the file having ended here; `null`: nothing. */
  end(): Damage | null {
    if (this.#damage !== null) return null;
    if (this.#intake.position === 0 && this.#intake.length === 0) return this.#damaged("empty");
    if (this.#format === null) return this.#damaged("format");
    return this.#intake.length > 0 || this.#intake.isOwing ? this.#damaged("cut") : null;
  }

  #open(): Format | null {
    if (!this.#intake.has(MAGIC_LENGTH)) return null;
    const magic = this.#intake.view.getUint32(this.#intake.at);
    if (magic === SECTION) return new Pcapng(this.#intake);
    if (isPcap(magic)) return new Pcap(this.#intake, magic);
    this.#damaged("format");
    return null;
  }

  #damaged(fault: CaptureFault): Damage {
    return (this.#damage = { kind: "damage", fault, offset: this.#intake.position, packets: this.#packets });
  }
}
