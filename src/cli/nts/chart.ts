/** The doctor's chart: what was examined so far, step by step, and what was found besides. */
import type { Outcome } from "../../engine/port/outcome.ts";
import type { Seconds } from "../../time/seconds.ts";
import {
  NTS_STEPS,
  type NtsFindings,
  type NtsStep,
  type SizeDocument,
  type StepDocument,
} from "../../view/nts-document.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One patient's. */
export class Chart {
  readonly findings: Writable<NtsFindings>;
  readonly #signal: AbortSignal;
  readonly #steps: StepDocument[] = [];
  /** Where a step ends otherwise than as usual. */
  readonly #codes = new Map<NtsStep, Outcome>();

  /**
   * @param port of key establishment
   * @param signal nothing that is entered after it is: what was cut off says nothing of the other side
   */
  constructor(port: number, signal: AbortSignal) {
    this.#signal = signal;
    this.findings = {
      address: null,
      port,
      tls: null,
      certificates: [],
      expires: null,
      aeads: [],
      cookies: [],
      server: null,
      serverAddress: null,
      serverPort: null,
      offset: null,
      delay: null,
      sizes: [],
    };
  }

  /** What was found, in the order of the steps. */
  get steps(): readonly StepDocument[] {
    const order = Object.keys(NTS_STEPS);
    return this.#steps.toSorted((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
  }

  /** How the command ends where a step is the first that failed. */
  codeOf(step: NtsStep): Outcome {
    return this.#codes.get(step) ?? NTS_STEPS[step];
  }

  /**
   * Enters a step, unless all was cut off meanwhile.
   * @param code how the command ends where it is the first that failed; absent: as usual
   */
  enter(
    name: NtsStep,
    ok: boolean,
    took: Seconds,
    detail: string | null,
    advice: string | null = null,
    code?: Outcome,
  ): void {
    if (this.#signal.aborted) return;
    this.done({ name, ok, elapsed: took, detail, advice });
    if (code !== undefined) this.#codes.set(name, code);
  }

  /** Enters a step that was over before all was cut off. */
  done(step: StepDocument): void {
    this.#steps.push(step);
  }

  /** What a size of request came to. */
  note(size: SizeDocument): void {
    this.findings.sizes = [...this.findings.sizes, size];
  }
}
