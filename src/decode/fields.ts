/** Extension fields by name: whose they are, and of Autokey's what they say. */
import { isAutokeyType, readAutokey, type AutokeyField } from "../wire/autokey.ts";
import { EXTENSION_HEADER_LENGTH, type ExtensionField } from "../wire/extension.ts";
import { NTS_FIELDS } from "../wire/nts.ts";

/** A field, named. */
export interface NamedField {
  readonly type: number;
  /** A name of {@link FIELD_NAMES}, or `autokey`; `null`: nobody here knows it. */
  readonly name: string | null;
  /** Octets, type and length included. */
  readonly length: number;
  readonly autokey: AutokeyField | null;
}

/** The fields of a packet that are not Autokey's. */
const FIELD_NAMES: ReadonlyMap<number, string> = new Map([
  [NTS_FIELDS.uniqueIdentifier, "ntsUniqueIdentifier"],
  [NTS_FIELDS.cookie, "ntsCookie"],
  [NTS_FIELDS.placeholder, "ntsCookiePlaceholder"],
  [NTS_FIELDS.authenticator, "ntsAuthenticator"],
  [0x2005, "checksumComplement"], // RFC 7821
  [0xf323, "chronyMonotonicRoot"],
  [0xf324, "chronyNetworkCorrection"],
]);

/** A cookie of NTS has the type of an Autokey message, and only its company tells: no NTS packet is without this. */
const IS_NTS: number = NTS_FIELDS.uniqueIdentifier;

const NONE: readonly NamedField[] = [];

/** Names the fields of a packet. */
export function namedFields(fields: readonly ExtensionField[]): readonly NamedField[] {
  if (fields.length === 0) return NONE;
  const isNts = fields.some(({ type }) => type === IS_NTS);
  return fields.map((field) => {
    const { type, value } = field;
    const isAutokey = isAutokeyType(type) && !isNts;
    return {
      type,
      name: isAutokey ? "autokey" : (FIELD_NAMES.get(type) ?? null),
      length: EXTENSION_HEADER_LENGTH + value.length,
      autokey: isAutokey ? readAutokey(field) : null,
    };
  });
}
