/** Associations by the numbers that control messages have room for. */
import type { AssociationId } from "../../association/association.ts";

/**
 * The number an association is known by in control messages.
 * @returns 1 … 65535; after so many associations numbers are used again
 */
export function associationNumber(id: AssociationId): number {
  return ((id - 1) % 0xffff) + 1;
}
