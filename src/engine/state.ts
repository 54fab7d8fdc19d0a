/**
 * What the engine knows: the state that its departments (names, mobilization, polls, reception, judgement) work on.
 *
 * One object per engine, changed only while an event is handled. The departments are functions that take it first.
 */
import type { ClientRules } from "../association/client.ts";
import type { PacketToken, QuestionToken } from "../association/request.ts";
import type { Association, AssociationId } from "../association/association.ts";
import type { Broadcaster } from "../association/broadcaster.ts";
import { CHANGE } from "../association/change.ts";
import { dueOf } from "../association/poll.ts";
import { endRequest } from "../association/request.ts";
import type { Request } from "../association/request.ts";
import type { Leaving } from "../association/exchange.ts";
import { dueOf as poolDue } from "../association/pool.ts";
import type { Solicitor } from "../association/solicitor.ts";
import { unfitness } from "../system/fitness.ts";
import type { FitnessRules } from "../system/fitness.ts";
import { NO_OPINION } from "../system/judge.ts";
import type { Opinion, VerdictOn } from "../system/judge.ts";
import { unfoldOffset } from "../time/era.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import type { Action, HandshakeToken } from "./port/action.ts";
import type { EngineConfig } from "./port/config.ts";
import { Deadlines } from "./deadlines.ts";
import type { Surroundings } from "./port/engine.ts";
import { localClock } from "./clock/clock.ts";
import type { LocalClock } from "./clock/clock.ts";
import { remembering } from "./memory/memory.ts";
import type { Remembering } from "./memory/memory.ts";
import { dueOf as keysDue, withdraw } from "./keys/keys.ts";
import type { Keys } from "./keys/keys.ts";
import { finding } from "./finding/finding.ts";
import type { Finding } from "./finding/finding.ts";
import type { Note } from "./port/note.ts";
import type { Outcome } from "./port/outcome.ts";
import { Roster } from "./roster.ts";
import { TIMER } from "./timer.ts";
import { reviseAccess, serving } from "./serving/serving.ts";
import type { Serving } from "./serving/serving.ts";

/** No more packets than this are on their way out at once, of all that it matters for. */
const DEPARTURES = 4096;

/** The engine's state. */
export class State {
  readonly surroundings: Surroundings;
  readonly roster: Roster = new Roster();
  readonly deadlines: Deadlines = new Deadlines();
  readonly finding: Finding = finding();
  readonly serving: Serving;
  readonly clock: LocalClock;
  readonly memory: Remembering = remembering();
  readonly keys: Keys = new Map();
  /** Who has just been told the address of ours that packets to its server leave from. */
  readonly faced: Set<AssociationId> = new Set();
  /** Packets to peers and to many whose true moment of leaving is not known yet. */
  readonly departures: Map<PacketToken, Leaving> = new Map();
  /** Since when there is no system peer; `null` while there is one. */
  lostAt: Mono | null = null;
  /** Packets that no association claimed, by the reason they were refused for. */
  readonly refused: Map<string, number> = new Map();

  /** What the event being handled asks for so far. */
  actions: Action[] = [];
  /** Both clocks at the start event. */
  started: Now | null = null;
  /** When the first server was asked for. */
  begun: Mono | null = null;
  opinion: Opinion = NO_OPINION;
  /** Selection has something to see: an association has changed, which {@link State.heed} notices, or what it is judged by. */
  unjudged = false;
  /** Changes that selection has not seen of associations that the opinion does not rest on: they can wait a while. */
  waiting = 0;
  judgedAt: Mono = -Infinity as Mono;
  outcome: Outcome | null = null;
  /** What was last made of each association, once nobody is asked any more. */
  #atEnd: ReadonlyMap<AssociationId, VerdictOn> | null = null;

  #derived: Derived;
  #lastToken = 0;

  constructor(config: EngineConfig, surroundings: Surroundings) {
    this.surroundings = surroundings;
    this.serving = serving(config);
    this.clock = localClock(surroundings);
    this.#derived = derivedFrom(config, surroundings, this.#unfolded);
  }

  readonly #unfolded = (offset: Seconds, clock: NtpTimestamp): Seconds => unfoldOffset(offset, clock, this.clock.era);

  /** What the engine is told to do; another configuration takes its place by {@link State.adopt}. */
  get config(): EngineConfig {
    return this.#derived.config;
  }

  get rules(): ClientRules {
    return this.#derived.rules;
  }

  get ownReferenceIds(): ReadonlySet<number> {
    return this.#derived.ownReferenceIds;
  }

  /** Goes on by another configuration; what follows from it for what is there already is `reconfigure.ts`'s to do. */
  adopt(config: EngineConfig): void {
    reviseAccess(this.serving, config, this.config);
    this.#derived = derivedFrom(config, this.surroundings, this.#unfolded);
    this.unjudged = true;
  }

  /** How an association is polled: a volley is a one-shot of its own, whatever the run is. */
  rulesFor(association: Association): ClientRules {
    return association.listening === null ? this.#derived.rules : this.#derived.volley;
  }

  /**
   * How long an answer is listened for: in a one-shot as long as it runs (`null`); in a daemon no longer than the answer of a server
   * can take that is near enough to be used (root distance).
   */
  get patience(): Seconds | null {
    const { once, limits } = this.#derived.config;
    return once === null ? 2 * limits.maxdist : null;
  }

  /** Asks for something. */
  act(action: Action): void {
    this.actions.push(action);
  }

  /**
   * Sends a packet that nobody waits for an answer to by its socket.
   * @returns its name, by which the host says when it left
   */
  send(packet: Outgoing): PacketToken {
    const token = this.nextToken();
    this.actions.push({ kind: "send", token, association: null, ttl: null, ...packet });
    return token;
  }

  /** Tells something. */
  note(note: Note): void {
    this.actions.push({ kind: "note", note });
  }

  /** A number that was never used: for a packet, for a socket, or for a question, which is both. */
  nextToken(): QuestionToken {
    this.#lastToken += 1;
    return this.#lastToken as QuestionToken;
  }

  /** The same for an establishing of keys. */
  nextHandshake(): HandshakeToken {
    return this.nextToken() as number as HandshakeToken;
  }

  /** A packet was handed over; the host will say when it left. One of whom it never does is forgotten in the end. */
  awaitDeparture(token: PacketToken, packet: Leaving): void {
    this.departures.set(token, packet);
    const [oldest] = this.departures.keys();
    if (this.departures.size > DEPARTURES && oldest !== undefined) this.departures.delete(oldest);
  }

  /** A random transmit timestamp, never the unknown one. */
  cookie(): NtpTimestamp {
    return (this.surroundings.chance.bits64() || 1n) as NtpTimestamp;
  }

  /** What has changed is heeded: what is due when, and whether selection has something to see of an association. */
  heed(): void {
    this.roster.readLedger(this.#heedOne);
    const { deadlines, finding: found, serving: served } = this;
    deadlines.set(TIMER.names, found.names.retryAt);
    deadlines.set(TIMER.solicitors, earliest(found.solicitors, nextOf));
    deadlines.set(TIMER.pools, earliest(found.pools, poolDue));
    deadlines.set(TIMER.keys, earliest(this.keys.values(), keysDue));
    deadlines.set(TIMER.broadcasts, earliest(served.broadcasters, nextOf));
  }

  readonly #heedOne = (association: Association, what: number): void => {
    const isHeld = this.roster.get(association.id) === association;
    if ((what & CHANGE.due) !== 0) this.deadlines.set(association.id, isHeld ? dueOf(association) : null);
    if ((what & ~CHANGE.due) !== 0) this.#judgeAnew(association, (what & CHANGE.fitness) !== 0);
  };

  /**
   * Selection has something to see of one association: at once if the opinion rests on it, or there is none yet; else it can wait.
   * What selection had no use for may be fit by now, as its dispersion shrinks with every sample, also one that is not fresh.
   */
  #judgeAnew({ id }: Association, isFresh: boolean): void {
    const { estimate, verdicts } = this.opinion;
    const verdict = verdicts.get(id)?.verdict ?? "rejected";
    if (!isFresh && verdict !== "rejected") return;
    if (this.config.once !== null || estimate === null || verdict === "systemPeer" || verdict === "survivor")
      this.unjudged = true;
    else this.waiting += 1;
  }

  /** By what an association is fit to be selected. */
  get fitness(): FitnessRules {
    const { limits, once } = this.config;
    return { limits, ownReferenceIds: this.ownReferenceIds, requireReach: once === null };
  }

  /**
   * What selection made of an association. Why one without a sample is of no use its last packets say, whoever sent them: that is read
   * when it is told, and no cause to judge anew.
   */
  verdictOn(association: Association): VerdictOn {
    const atEnd = this.#atEnd?.get(association.id);
    if (atEnd !== undefined) return atEnd;
    const judged = this.opinion.verdicts.get(association.id) ?? UNSEEN;
    if (judged.verdict !== "rejected" || association.filter.estimate !== null) return judged;
    return { verdict: "rejected", reason: unfitness(association, this.judgedAt, this.fitness) };
  }

  /** A request is done with: its socket goes. */
  close(owner: Association, request: Request): void {
    endRequest(owner, request);
    this.roster.occupy(request.token, null);
    this.act({ kind: "close", socket: request.token });
  }

  /** All requests of an association are done with. */
  closeRequests(owner: Association): void {
    for (let request = owner.requests[0]; request !== undefined; request = owner.requests[0])
      this.close(owner, request);
  }

  /** All requests of all associations are done with. */
  closeAll(): void {
    for (const association of this.roster) this.closeRequests(association);
  }

  /** The run is over. */
  end(outcome: Outcome): void {
    this.outcome = outcome;
    this.leaveOff();
  }

  /** Nobody is asked any more. Whoever was still to answer is not silent because nobody listens: what is said of all stays. */
  leaveOff(): void {
    this.#atEnd ??= new Map(Array.from(this.roster, (association) => [association.id, this.verdictOn(association)]));
    this.closeAll();
    for (const exchange of this.keys.values()) {
      const token = withdraw(exchange);
      if (token !== null) this.act({ kind: "abandon", token });
    }
    for (const { token } of this.finding.candidates) this.act({ kind: "abandon", token });
    this.finding.candidates = [];
  }
}

/** A packet to be sent; where nothing else is said it is no association's, and has the host's hop limit. */
type Send = Extract<Action, { readonly kind: "send" }>;
type Outgoing = Pick<Send, "socket" | "to" | "bytes"> & Partial<Pick<Send, "from" | "ttl" | "association">>;

/** An association that selection has not seen yet. */
const UNSEEN: VerdictOn = { verdict: "rejected", reason: "pending" };

/** A configuration and what is derived from it. */
interface Derived {
  readonly config: EngineConfig;
  readonly rules: ClientRules;
  readonly volley: ClientRules;
  readonly ownReferenceIds: ReadonlySet<number>;
}

function derivedFrom(config: EngineConfig, { chance }: Surroundings, unfolded: ClientRules["unfolded"]): Derived {
  const rules: ClientRules = {
    samples: config.once?.samples ?? null,
    known: config.once?.known ?? null,
    burst: config.burst,
    uniform: () => chance.uniform(),
    unfolded,
    emptyStages: config.emptyStages,
    precision: config.precision,
    phi: config.limits.phi,
    ...(config.allan === null ? {} : { allan: config.allan }),
  };
  return {
    config,
    rules,
    volley: { ...rules, samples: rules.samples ?? config.burst.packets },
    ownReferenceIds: new Set(config.ownReferenceIds),
  };
}

function nextOf({ nextAt }: Solicitor | Broadcaster): Mono | null {
  return nextAt;
}

/** The first moment that any of them has something to do; `null`: none has. */
function earliest<Item>(items: Iterable<Item>, dueAt: (item: Item) => Mono | null): Mono | null {
  let first: Mono | null = null;
  for (const item of items) {
    const due = dueAt(item);
    if (due !== null && (first === null || due < first)) first = due;
  }
  return first;
}
