/**
 * The engine at work: takes events, keeps associations, asks for actions.
 *
 * `handle` reads as the life of a run: names are resolved, associations mobilized, polls leave, replies are judged by
 * the association room, and whatever changed is selected from by the system room; a one-shot then decides and ends.
 */
import { association } from "../association/association.ts";
import type { Association } from "../association/association.ts";
import { receiveReply, releaseHeld, requestHeader } from "../association/client.ts";
import type { ClientRules, Reception } from "../association/client.ts";
import { clearFilter } from "../association/filter.ts";
import { processOf } from "../association/modes.ts";
import { onLost, onPoll } from "../association/poll.ts";
import { request as newRequest } from "../association/request.ts";
import type { PacketToken, Request, SocketToken } from "../association/request.ts";
import type { AssociationConfig } from "../association/template.ts";
import type { Reason } from "../association/verdict.ts";
import { decideCorrection } from "../discipline/once.ts";
import { judgeSystem, NO_OPINION } from "../system/judge.ts";
import type { Opinion } from "../system/judge.ts";
import { after, elapsed } from "../time/mono.ts";
import type { Mono } from "../time/mono.ts";
import type { Now } from "../time/now.ts";
import type { Seconds } from "../time/seconds.ts";
import { toIso } from "../time/timestamp.ts";
import type { NtpTimestamp } from "../time/timestamp.ts";
import { addressKey, family } from "../wire/address.ts";
import type { Address } from "../wire/address.ts";
import { encodeHeader } from "../wire/header.ts";
import { kissAction } from "../wire/kiss.ts";
import { decodePacket } from "../wire/packet.ts";
import type { Action } from "./action.ts";
import type { EngineConfig } from "./config.ts";
import { Deadlines } from "./deadlines.ts";
import type { Engine, Surroundings } from "./engine.ts";
import type { Event, HostFault } from "./event.ts";
import type { Memory } from "./memory.ts";
import { Names } from "./names.ts";
import type { Lookup } from "./names.ts";
import type { Note } from "./note.ts";
import { failureOf, heardEnough } from "./once.ts";
import type { Outcome } from "./outcome.ts";
import { snapshotOf } from "./report.ts";
import type { ClockState } from "./report.ts";
import { Roster } from "./roster.ts";
import type { Snapshot } from "./snapshot.ts";

/** The engine's own timers; associations use their numbers, which are positive. */
const TIMER = { names: -1, judgement: -2, deadline: -3 } as const;

/** Judging n associations takes of the order of n · 10 µs; it is put off so that it never takes more than a tenth of the time. */
const JUDGEMENT_SPACING: Seconds = 1e-4;
/** With so few it is not worth putting off. */
const JUDGED_AT_ONCE = 64;

/**
 * Makes an engine.
 * @param config what to do, every default filled in
 * @param surroundings chance and security
 */
export function createEngine(config: EngineConfig, surroundings: Surroundings): Engine {
  return new NtpEngine(config, surroundings);
}

class NtpEngine implements Engine {
  readonly #config: EngineConfig;
  readonly #surroundings: Surroundings;
  readonly #rules: ClientRules;
  readonly #roster = new Roster();
  readonly #names = new Names();
  readonly #deadlines = new Deadlines();
  readonly #clock: ClockState = { action: "none", applied: false, reason: null, lasting: null, correcting: false };

  #actions: Action[] = [];
  #started: Now | null = null;
  #memory: Memory = { kisses: [] };
  #opinion: Opinion = NO_OPINION;
  /** Something changed that selection has not seen. */
  #unjudged = false;
  #judgedAt: Mono = -Infinity as Mono;
  #lastSocket = 0;
  #outcome: Outcome | null = null;

  constructor(config: EngineConfig, surroundings: Surroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.#rules = {
      samples: config.once?.samples ?? null,
      burst: config.burst,
      uniform: () => surroundings.chance.uniform(),
      emptyStages: config.emptyStages,
      precision: config.precision,
    };
  }

  get outcome(): Outcome | null {
    return this.#outcome;
  }

  get wakeAt(): Mono | undefined {
    return this.#outcome === null && !this.#clock.correcting ? this.#deadlines.next : undefined;
  }

  handle(event: Event, now: Now): readonly Action[] {
    this.#actions = [];
    if (this.#outcome === null) {
      this.#take(event, now);
      this.#settle(now);
    }
    return this.#actions;
  }

  snapshot(now: Now): Snapshot {
    return snapshotOf({
      config: this.#config,
      started: this.#started ?? now,
      now,
      roster: this.#roster,
      names: this.#names,
      opinion: this.#opinion,
      clock: this.#clock,
      outcome: this.#outcome,
    });
  }

  #take(event: Event, now: Now): void {
    switch (event.kind) {
      case "start":
        return this.#start(event.memory, now);
      case "wake":
        return this.#wake(now);
      case "stop":
        return this.#end("interrupted");
      case "resolved":
        return this.#resolved(event.name, event.addresses, now);
      case "unresolved":
        return this.#unresolved(event.name, event.why, now);
      case "datagram":
        return this.#datagram(event, now);
      case "sent":
        return this.#sent(event, now);
      case "sendFailed":
        return this.#undelivered(event.token as number as SocketToken, event.why, now);
      case "notOpened":
        return this.#undelivered(event.socket, event.why, now);
      case "unreachable":
        return this.#undelivered(event.socket, event.why, now);
      case "stepped":
        return event.whose === "ours" ? this.#corrected(null) : this.#steppedByAnother(event.by, now);
      case "slewing":
        return this.#corrected(event.lasting);
      case "clockRefused":
        this.#clock.reason = event.why;
        this.#note({ what: "clockRefused", why: event.why });
        return this.#end("permission");
    }
  }

  // --- names and mobilization ---------------------------------------------------------------------------------------

  #start(memory: Memory | undefined, now: Now): void {
    this.#started = now;
    if (memory !== undefined) this.#memory = memory;
    const deadline = this.#config.once?.deadline ?? null;
    if (deadline !== null) this.#deadlines.set(TIMER.deadline, after(now.mono, deadline));
    for (const config of this.#config.associations) {
      const lookup = this.#names.want(config);
      if (lookup !== null) this.#lookUp(lookup);
    }
    this.#unjudged = true;
  }

  #lookUp(lookup: Lookup): void {
    this.#note({ what: "resolving", name: lookup.name });
    this.#act({ kind: "resolve", name: lookup.name, family: lookup.family });
  }

  #resolved(name: string, addresses: readonly string[], now: Now): void {
    for (const lookup of this.#names.awaiting(name)) {
      const usable = lookup.family === null ? addresses : addresses.filter((ip) => family(ip) === lookup.family);
      if (usable.length === 0) {
        this.#unresolvedLookup(lookup, "notFound", now);
        continue;
      }
      lookup.addresses = usable;
      lookup.fault = null;
      this.#note({ what: "resolved", name, addresses: usable });
      for (const config of lookup.waiting) this.#mobilizeName(config, usable, now);
    }
  }

  #unresolved(name: string, why: "notFound" | "again" | "failed", now: Now): void {
    for (const lookup of this.#names.awaiting(name)) this.#unresolvedLookup(lookup, why, now);
  }

  #unresolvedLookup(lookup: Lookup, why: "notFound" | "again" | "failed", now: Now): void {
    const patience = this.#config.once === null ? Infinity : this.#config.once.waitNetwork;
    const again = this.#names.failed(lookup, why, now.mono, this.#started?.mono ?? now.mono, patience);
    this.#deadlines.set(TIMER.names, this.#names.retryAt);
    this.#note({ what: "unresolved", name: lookup.name, why });
    if (again) return;
    for (const config of lookup.waiting) this.#mobilize(config, null, [], "unresolved", now);
  }

  /**
   * A line's name has addresses. A server takes the first and keeps the others to fall back on; a pool takes as many of
   * the first one's family as are wanted at once, since two families are often one machine.
   */
  #mobilizeName(config: AssociationConfig, addresses: readonly string[], now: Now): void {
    const all = addresses.map((ip): Address => ({ ip, port: config.port }));
    if (config.kind === "server") {
      this.#mobilize(config, all[0]!, all.slice(1), null, now);
      return;
    }
    const first = family(addresses[0]!);
    const alike = all.filter(({ ip }) => family(ip) === first);
    const members = alike.slice(0, this.#config.poolSize);
    const spare = all.filter((address) => !members.includes(address));
    for (const [index, member] of members.entries()) {
      // The spare addresses are dealt out, so that no two members fall back on the same one.
      this.#mobilize(config, member, spare.filter((_, place) => place % members.length === index), null, now);
    }
  }

  /** Mobilizes an association; one that cannot be asked is mobilized all the same, so that the report can say why. */
  #mobilize(config: AssociationConfig, address: Address | null, alternatives: readonly Address[], ended: Reason | null, now: Now): void {
    const { security } = this.#surroundings;
    const fresh = association({
      id: this.#roster.nextId(),
      config,
      lifetime: config.kind === "pool" ? "preemptable" : "persistent",
      mode: "client",
      security: config.key === null ? security.none() : security.key(config.key, address?.ip),
      address,
      alternatives,
    });
    fresh.ended = ended;
    if (address !== null) {
      if (this.#roster.at(address) !== undefined) fresh.ended = "duplicate";
      else this.#recallKiss(fresh, address);
    }
    this.#roster.add(fresh);
    this.#unjudged = true;
    if (address === null) return;
    this.#note({ what: "mobilized", id: fresh.id, name: config.name, address });
    if (fresh.ended === null) {
      fresh.nextPoll = now.mono;
      this.#schedule(fresh);
    }
  }

  /** A server that told an earlier run to stay away is not asked (RFC 5905 §7.4). */
  #recallKiss(fresh: Association, address: Address): void {
    const kiss = this.#memory.kisses.find(({ ip, port }) => ip === address.ip && port === address.port);
    if (kiss === undefined) return;
    fresh.kiss = kiss.code;
    fresh.ended = "denied";
  }

  // --- polls --------------------------------------------------------------------------------------------------------

  #wake(now: Now): void {
    if (this.#clock.correcting) return;
    for (let key = this.#deadlines.take(now.mono); key !== undefined; key = this.#deadlines.take(now.mono)) {
      if (key === TIMER.names) this.#retryNames(now);
      else if (key === TIMER.deadline) this.#deadline(now);
      else if (key !== TIMER.judgement) this.#attend(key, now);
      if (this.#outcome !== null) return;
    }
  }

  #retryNames(now: Now): void {
    for (const lookup of this.#names.due(now.mono)) this.#lookUp(lookup);
    this.#deadlines.set(TIMER.names, this.#names.retryAt);
  }

  /** An association's moment has come: requests run out, and the next one leaves. */
  #attend(key: number, now: Now): void {
    const held = this.#roster.get(key as Association["id"]);
    if (held === undefined) return;
    for (const lost of held.requests.filter(({ expires }) => expires <= now.mono)) this.#expire(held, lost, now);
    if (held.nextPoll !== null && held.nextPoll <= now.mono) this.#poll(held, now);
    this.#schedule(held);
  }

  #poll(polled: Association, now: Now): void {
    const { address } = polled;
    if (address === null) return;
    const cookie = this.#cookie();
    const sealed = polled.security.seal(encodeHeader(requestHeader(polled, cookie)));
    onPoll(polled, now.mono, this.#rules);
    if (sealed.kind === "unsealed") {
      polled.authentication = "failed";
      this.#giveUp(polled, "authentication");
      return;
    }
    this.#lastSocket += 1;
    // A request has a socket of its own, so one number serves for both.
    const socket = this.#lastSocket as SocketToken;
    const token = this.#lastSocket as PacketToken;
    polled.requests.push(newRequest(token, socket, cookie, now, this.#config.timeout));
    polled.packets.sent += 1;
    this.#roster.occupy(socket, polled);
    this.#act({ kind: "open", socket, to: address, sourcePort: this.#config.sourcePort, interface: this.#config.interface });
    this.#act({ kind: "send", token, socket, association: polled.id, to: address, ttl: null, bytes: sealed.bytes });
    this.#note({ what: "polled", id: polled.id, address });
  }

  /** A random transmit timestamp, never the unknown one. */
  #cookie(): NtpTimestamp {
    return (this.#surroundings.chance.bits64() || 1n) as NtpTimestamp;
  }

  #expire(lost: Association, request: Request, now: Now): void {
    // Its T1 never came, but its answer did: the moment of handing over is the next best thing.
    const reception = releaseHeld(lost, request, now, this.#rules);
    this.#close(lost, request);
    if (reception !== null) {
      this.#received(lost, reception, now);
      return;
    }
    this.#note({ what: "timedOut", id: lost.id, address: lost.address! });
    if (lost.answers === 0 && lost.unanswered >= 2 && this.#fallBack(lost, now, true)) return;
    onLost(lost, request.handedOver.mono, this.#rules);
    this.#unjudged = true;
  }

  /**
   * Tries another of the name's addresses.
   * @param otherFamily only one of the other family: this one is silent, perhaps because the network has no such family
   * @returns false if there is none left
   */
  #fallBack(stuck: Association, now: Now, otherFamily: boolean): boolean {
    const current = stuck.address;
    if (current === null) return false;
    const place = stuck.alternatives.findIndex(
      (address) => this.#roster.at(address) === undefined && (!otherFamily || family(address.ip) !== family(current.ip)),
    );
    if (place < 0) return false;
    const [next] = stuck.alternatives.splice(place, 1);
    this.#roster.move(stuck, next!);
    stuck.unanswered = 0;
    stuck.undelivered = null;
    stuck.nextPoll = now.mono;
    this.#recallKiss(stuck, next!);
    if (stuck.ended !== null) stuck.nextPoll = null;
    this.#note({ what: "mobilized", id: stuck.id, name: stuck.config.name, address: next! });
    this.#schedule(stuck);
    return true;
  }

  #giveUp(failed: Association, why: Reason): void {
    failed.ended = failed.samples > 0 ? "complete" : why;
    failed.nextPoll = null;
    failed.burst = 0;
    this.#schedule(failed);
    this.#unjudged = true;
  }

  // --- what comes back ----------------------------------------------------------------------------------------------

  #datagram(event: Event & { readonly kind: "datagram" }, now: Now): void {
    const claimed = this.#roster.on(event.socket);
    if (claimed === undefined || claimed.address === null) {
      this.#note({ what: "refused", id: null, from: event.from, test: "duplicate" });
      return;
    }
    if (addressKey(event.from) !== addressKey(claimed.address)) return this.#refuse(claimed, event.from, "address");
    const packet = decodePacket(event.bytes);
    if (packet.kind === "malformed") {
      claimed.packets.rejected += 1;
      this.#note({ what: "refused", id: claimed.id, from: event.from, test: packet.fault });
      return;
    }
    if (processOf(claimed.mode, packet.header.mode) !== "process") return this.#refuse(claimed, event.from, "mode");
    const request = claimed.requests.find(({ socket }) => socket === event.socket) ?? null;
    const reception = receiveReply(claimed, request, event.bytes, { packet, at: event.at, stamp: event.stamp }, now, this.#rules);
    const stays = reception.kind === "held" || (reception.kind === "refused" && !reception.final);
    if (request !== null && !stays) this.#close(claimed, request);
    this.#received(claimed, reception, now);
  }

  #refuse(claimed: Association, from: Address, test: "address" | "mode"): void {
    claimed.packets.rejected += 1;
    this.#note({ what: "refused", id: claimed.id, from, test });
  }

  #received(from: Association, reception: Reception, now: Now): void {
    const { id } = from;
    const address = from.address!;
    switch (reception.kind) {
      case "held":
        return;
      case "refused":
        this.#note({ what: "refused", id, from: address, test: reception.test });
        break;
      case "sample":
        this.#note({ what: "sample", id, address, offset: reception.sample.offset, delay: reception.sample.delay });
        if (!reception.fresh && from.reach !== 1) {
          // Nothing newer to believe than selection has seen already (the prime directive).
          this.#schedule(from);
          return;
        }
        break;
      case "kiss":
        this.#note({ what: "kiss", id, address, code: reception.code });
        if (kissAction(reception.code) === "goAway") this.#rememberKiss(address, reception.code, now);
        break;
      case "nak":
        this.#note({ what: "refused", id, from: address, test: "authentication" });
        if (this.#config.once !== null) this.#giveUp(from, "authentication");
        break;
      case "stepped":
        this.#steppedByAnother(reception.by, now);
        break;
    }
    this.#schedule(from);
    this.#unjudged = true;
  }

  #rememberKiss(address: Address, code: string, now: Now): void {
    const others = this.#memory.kisses.filter(({ ip, port }) => ip !== address.ip || port !== address.port);
    this.#memory = { ...this.#memory, kisses: [...others, { ip: address.ip, port: address.port, code, at: toIso(now.clock, this.#surroundings.era) ?? "" }] };
    this.#act({ kind: "remember", memory: this.#memory });
  }

  #sent(event: Event & { readonly kind: "sent" }, now: Now): void {
    const sender = this.#roster.on(event.token as number as SocketToken);
    const request = sender?.requests.find(({ token }) => token === event.token);
    if (sender === undefined || request === undefined) return;
    request.origin = event.at;
    request.originStamp = event.stamp;
    const reception = releaseHeld(sender, request, now, this.#rules);
    if (reception === null) return;
    this.#close(sender, request);
    this.#received(sender, reception, now);
  }

  /** A packet could not be delivered: the network says so, or this host does. */
  #undelivered(socket: SocketToken, why: HostFault, now: Now): void {
    const sender = this.#roster.on(socket);
    const request = sender?.requests.find((one) => one.socket === socket);
    if (sender === undefined || request === undefined) return;
    this.#close(sender, request);
    this.#note({ what: "unreachable", id: sender.id, address: sender.address!, why });
    sender.undelivered = why;
    if (sender.answers === 0 && this.#fallBack(sender, now, false)) return;
    const patience = this.#config.once?.waitNetwork ?? Infinity;
    const waits = why === "noRoute" && elapsed(this.#started?.mono ?? now.mono, now.mono) < patience;
    if (this.#config.once !== null && !waits) this.#giveUp(sender, reasonOf(why));
    if (this.#config.once !== null && waits) {
      sender.unanswered = 0;
      sender.nextPoll ??= after(now.mono, this.#config.burst.spacing.least);
    }
    this.#schedule(sender);
    this.#unjudged = true;
  }

  #steppedByAnother(by: Seconds, now: Now): void {
    this.#note({ what: "clockStepped", by, whose: "another" });
    for (const held of this.#roster) {
      clearFilter(held.filter);
      for (const request of [...held.requests]) this.#close(held, request);
      held.samples = 0;
      held.answers = 0;
      held.unanswered = 0;
      if (held.ended === "complete") held.ended = null;
      if (held.ended === null && held.address !== null) held.nextPoll ??= after(now.mono, this.#config.burst.spacing.least);
      this.#schedule(held);
    }
    this.#unjudged = true;
  }

  #close(owner: Association, request: Request): void {
    owner.requests.splice(owner.requests.indexOf(request), 1);
    this.#roster.occupy(request.socket, null);
    this.#act({ kind: "close", socket: request.socket });
  }

  /** Sets the moment at which an association next has something to do. */
  #schedule(held: Association): void {
    const expires = held.requests[0]?.expires ?? null;
    const due = held.nextPoll === null || (expires !== null && expires < held.nextPoll) ? expires : held.nextPoll;
    this.#deadlines.set(held.id, due);
  }

  // --- judgement and end --------------------------------------------------------------------------------------------

  /** Whatever changed is judged, at once or when its turn comes; a one-shot then sees whether it may end. */
  #settle(now: Now): void {
    if (!this.#unjudged || this.#outcome !== null || this.#clock.correcting) return;
    if (this.#roster.size > JUDGED_AT_ONCE) {
      const turn = after(this.#judgedAt, this.#roster.size * JUDGEMENT_SPACING);
      if (now.mono < turn) {
        this.#deadlines.set(TIMER.judgement, turn);
        return;
      }
    }
    this.#judge(now);
    const { once } = this.#config;
    if (once === null) return;
    const { estimate, truechimers } = this.#opinion;
    const hearing = { associations: this.#roster, resolving: this.#names.pending, truechimers, uncertainty: estimate?.uncertainty ?? null };
    if (heardEnough(hearing, once)) this.#decide();
  }

  #judge(now: Now): void {
    const before = this.#opinion.estimate?.peer ?? null;
    this.#opinion = judgeSystem(this.#roster, now.mono, {
      limits: this.#config.limits,
      ownReferenceIds: new Set(this.#config.ownReferenceIds),
      requireReach: this.#config.once === null,
      current: before,
      referenceIdOf: this.#surroundings.referenceIdOf,
    });
    this.#unjudged = false;
    this.#judgedAt = now.mono;
    const peer = this.#opinion.estimate?.peer ?? null;
    if (peer !== before) this.#note({ what: "systemPeer", id: peer, address: peer === null ? null : (this.#roster.get(peer)?.address ?? null) });
  }

  #deadline(now: Now): void {
    this.#note({ what: "deadline" });
    this.#judge(now);
    if (this.#opinion.estimate !== null) return this.#decide();
    let open = this.#names.pending;
    for (const held of this.#roster) open ||= held.ended === null;
    if (open) this.#end("deadline");
    else this.#decide();
  }

  /** The run has heard what it will hear: correct the clock, or say why not. */
  #decide(): void {
    const { estimate } = this.#opinion;
    this.#note({ what: "decided", offset: estimate?.offset ?? null });
    if (estimate === null) {
      this.#clock.reason = "no-agreement";
      this.#end(failureOf([...this.#roster].map(({ id }) => this.#opinion.verdicts.get(id)?.reason ?? "pending")));
      return;
    }
    const { clock } = this.#config;
    if (clock.kind === "observe") {
      this.#clock.reason = "query";
      this.#end("ok");
      return;
    }
    const correction = decideCorrection(estimate.offset, clock.limits);
    this.#clock.action = correction.action;
    this.#clock.reason = correction.reason;
    if (correction.action === "refused") this.#end("limit");
    else if (clock.dryRun) {
      this.#clock.reason = "dry-run";
      this.#end("ok");
    } else if (correction.action === "none") this.#end("ok");
    else {
      this.#clock.correcting = true;
      this.#closeAll();
      this.#act({ kind: correction.action, offset: estimate.offset });
    }
  }

  /** The kernel has taken the correction. */
  #corrected(lasting: Seconds | null): void {
    if (!this.#clock.correcting) return;
    this.#clock.correcting = false;
    this.#clock.applied = true;
    this.#clock.lasting = lasting;
    this.#end("ok");
  }

  #end(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#closeAll();
  }

  #closeAll(): void {
    for (const held of this.#roster) for (const request of [...held.requests]) this.#close(held, request);
  }

  #act(action: Action): void {
    this.#actions.push(action);
  }

  #note(note: Note): void {
    this.#actions.push({ kind: "note", note });
  }
}

/** The reason a report gives for a packet that could not be delivered. */
function reasonOf(why: HostFault): Reason {
  return why === "portUnreachable" ? "portUnreachable" : why === "noRoute" || why === "noAddress" ? "noRoute" : "unreachable";
}
