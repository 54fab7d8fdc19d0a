/**
 * The one configuration that every command's comes from: nothing is found, nobody answered, no clock touched, and all limits are
 * the standard's. What a command adds stands in `options.ts`, `discovery.ts`, `serve.ts` and `daemon.ts`.
 */
import { DISCIPLINE } from "../discipline/constants.ts";
import { DEFAULT_DISCIPLINE } from "../discipline/disciplines.ts";
import { DEFAULT_STEP_LIMITS, type StepLimits } from "../discipline/limits.ts";
import {
  BURST_SIX,
  type DiscoveryConfig,
  type EngineConfig,
  type LoopConfig,
  type OnceConfig,
  type ServiceConfig,
  type ServingConfig,
} from "../engine/port/config.ts";
import { ALL_ADDRESSES } from "../engine/serving/listening.ts";
import { NO_FALLBACKS } from "../server/local.ts";
import { DEFAULT_MRU } from "../server/mru.ts";
import { DEFAULT_RATE } from "../server/rate.ts";
import { DEFAULT_LIMITS } from "../system/limits.ts";
import type { Seconds } from "../time/seconds.ts";

/**
 * No offset is as large (RFC 5905 §6: 64 bits of timestamp span 136 years; a clock in 1970 may lack one such era and a part of another,
 * `time/era.ts`), so as a limit it is none. JSON,
 * unlike `Infinity`, has it.
 */
export const NO_LIMIT: Seconds = 2 ** 33;

/** A limit as plain data. @param limit seconds, `Infinity` for none */
export function plainLimit(limit: Seconds): Seconds {
  return Math.min(limit, NO_LIMIT);
}

/** The limits of steps as plain data. */
export function plainLimits({ stepThreshold, panic, maxStep, method }: StepLimits): StepLimits {
  const { forward, backward } = maxStep;
  return {
    stepThreshold: plainLimit(stepThreshold),
    panic: plainLimit(panic),
    maxStep: { forward: plainLimit(forward), backward: plainLimit(backward) },
    method,
  };
}

/** Discovery that is not configured finds nothing, but asks no less of what it hears. */
export const BASE_DISCOVERY: DiscoveryConfig = {
  authenticate: true,
  ringInterval: null,
  allRings: false,
  broadcastDelay: null,
  longestWait: NO_LIMIT,
  count: null,
  cohort: false,
  beacon: null,
};

/** Everybody is told what the system knows. */
export const BASE_SERVING: ServingConfig = {
  access: [],
  rate: DEFAULT_RATE,
  fallbacks: NO_FALLBACKS,
  manycast: false,
  smear: null,
  smearInterval: 0,
  ownAddresses: [],
  mru: DEFAULT_MRU,
  monitor: true,
};

/** NTP's port on all addresses. */
export const BASE_SERVICE: ServiceConfig = {
  port: 123,
  addresses: ALL_ADDRESSES,
  rules: null,
  interface: null,
  groups: [],
};

/** Hear every server out, for as long as it takes. */
export const BASE_ONCE: OnceConfig = {
  samples: 1,
  known: null,
  spread: 0,
  enough: null,
  accuracy: null,
  deadline: null,
  waitNetwork: 0,
};

/** The clock is steered by the discipline that is used where none is named. */
export const BASE_LOOP: LoopConfig = {
  kind: "loop",
  of: "machine",
  discipline: DEFAULT_DISCIPLINE,
  limits: plainLimits(DEFAULT_STEP_LIMITS),
  stepBack: DEFAULT_STEP_LIMITS.stepThreshold,
  huffpuff: 0,
  kernel: false,
  stepout: DISCIPLINE.stepout,
  anyFirst: false,
  frequency: null,
};

/**
 * A clock that follows others without being set: whatever they agree on, at once and without a step. Such is a server's that hands
 * on their time.
 */
export const FOLLOW: LoopConfig = {
  ...BASE_LOOP,
  of: "served",
  limits: {
    stepThreshold: NO_LIMIT,
    panic: NO_LIMIT,
    maxStep: { forward: NO_LIMIT, backward: NO_LIMIT },
    method: "slew",
  },
  stepBack: NO_LIMIT,
  anyFirst: true,
};

/** A run that goes on until it is stopped, looks at servers and leaves the clock alone. */
export const BASE: EngineConfig = {
  associations: [],
  limits: DEFAULT_LIMITS,
  timeout: 1,
  burst: BURST_SIX,
  emptyStages: "rfc5905",
  allan: null,
  once: null,
  clock: { kind: "observe" },
  precision: -24,
  sourcePort: null,
  interface: null,
  discovery: BASE_DISCOVERY,
  serving: null,
  leaps: null,
  service: null,
  poolSize: 4,
  ownReferenceIds: [],
};
