/** One remote clock: the state kept for it (RFC 5905 §9.1, figure 16 "peer process variables"). */

declare const associationId: unique symbol;

/** Numbers an association for as long as the engine lives, from 1; ntpq's "assid". */
export type AssociationId = number & { readonly [associationId]: true };

/**
 * How long an association lasts (seed 002).
 * - `persistent`: configured; never demobilized.
 * - `preemptable`: found by manycast or pool; kept only while it is useful.
 * - `ephemeral`: mobilized by an arriving packet; ends when it falls silent.
 */
export type Lifetime = "persistent" | "preemptable" | "ephemeral";
