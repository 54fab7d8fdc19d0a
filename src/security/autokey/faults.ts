/** Why something of Autokey's is not believed, as one table: a name each, the same in notes, JSON and counters, and its words. */
import type { AutokeyFieldFault } from "../../wire/autokey.ts";

/** Why something of Autokey's is not believed; those of a field's own lengths are `wire/autokey.ts`'s. */
export type AutokeyFault =
  | AutokeyFieldFault
  | "refused"
  | "association"
  | "unexpected"
  | "hostName"
  | "digest"
  | "unsynchronized"
  | "timestamp"
  | "filestamp"
  | "notSigned"
  | "signature"
  | "publicKey"
  | "certificate"
  | "subject"
  | "selfSignature"
  | "period"
  | "notYetValid"
  | "expired"
  | "issuer"
  | "circle"
  | "trail"
  | "noIdentity"
  | "identity"
  | "parameters"
  | "cookie"
  | "autokey"
  | "sequence"
  | "leapValues";

/** Every fault, in words. */
export const AUTOKEY_FAULTS: Readonly<Record<AutokeyFault, string>> = {
  fieldLength: "a field ends within its header or its stamps",
  valueLength: "a value is empty, or runs off its field",
  signatureLength: "a signature runs off its field",
  surplus: "octets follow a signature",
  refused: "the server says that it cannot do what it was asked",
  association: "a message is of another association",
  unexpected: "a message was not asked for",
  hostName: "the server has no host name, or one of more than 255 octets or with odd characters",
  digest: "the server signs by a digest that is not known",
  unsynchronized: "the server is not synchronized, and cannot sign",
  timestamp: "a value was signed before it was made, or before one that is known",
  filestamp: "a value is older than one that is known, or of other key files than ours",
  notSigned: "a value is not signed, or by a signature of another length than the key's",
  signature: "a signature is not the server's",
  publicKey: "a public key is neither RSA nor DSA, or has too few or too many bits",
  certificate: "a certificate is no X.509 certificate with a common name",
  subject: "a certificate is not the one that was asked for",
  selfSignature: "a certificate that says it signed itself did not",
  period: "a certificate ends before it begins, or begins before it was made",
  notYetValid: "a certificate is not valid yet",
  expired: "a certificate has expired",
  issuer: "a certificate was not signed by the next one of the trail, or not while that was valid",
  circle: "the certificate trail circles",
  trail: "the certificate trail is too long",
  noIdentity: "the server offers no identity scheme that its group's parameters are here for",
  identity: "the server does not prove that it is of its group",
  parameters: "identity parameters are not as their scheme has them",
  cookie: "the cookie cannot be decrypted, or has not four octets",
  autokey: "autokey values are not a number and a key",
  sequence: "a key ID does not lead to that of an earlier packet, nor to what was announced",
  leapValues: "leap second values are not three numbers",
};
