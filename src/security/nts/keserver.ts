/**
 * The server's side of key establishment, as far as it is about records: a client's request in, the response out (RFC 8915 §4). The
 * connection, and with it the exporter that the keys come from, is the host's.
 */
import { decodeKeMessage, encodeKeMessage, MAX_KE_REQUEST } from "../../wire/ntske.ts";
import { COOKIES_IN_HAND } from "./size.ts";
import type { CookieKeys } from "./cookie.ts";
import {
  KE_ERRORS,
  NTPV4,
  chooseAead,
  errorRecords,
  exporterContext,
  grantRecords,
  nothingRecords,
  readKeRequest,
  type KeRequest,
} from "./ke.ts";

/** What a server grants keys for. */
export interface KeService {
  /** The UDP port that is to be asked. */
  readonly port: number;
  /** The server that is to be asked, an IP literal or a name; `null`: where the keys came from. */
  readonly server: string | null;
  /** Makes a cookie. */
  cookie(keys: CookieKeys): Uint8Array;
}

/** What became of a request. */
export type KeOutcome =
  | "granted"
  | "unspoken" // it offers no protocol, or no AEAD, that is spoken here
  | "badRequest" // a record is wrong, or one is missing
  | "unknownCritical"; // a critical record of a type that nobody here knows

/** What a client's octets so far come to. */
export type KeAnswer =
  | { readonly kind: "incomplete" }
  | { readonly kind: "answer"; readonly octets: Uint8Array; readonly outcome: KeOutcome };

/** Takes keying material from the connection. @throws where the connection is gone */
export type ExportKey = (octets: number, context: Uint8Array) => Uint8Array;

/**
 * Answers a client.
 * @param received all octets so far; no more than {@link MAX_KE_REQUEST} are waited for
 */
export function answerKe(received: Uint8Array, service: KeService, exportKey: ExportKey): KeAnswer {
  const message = decodeKeMessage(received, MAX_KE_REQUEST);
  if (message.kind === "incomplete") return message;
  if (message.kind === "malformed") return refuse("badRequest");
  const question = readKeRequest(message.records);
  if (question.kind === "bad")
    return refuse(question.code === KE_ERRORS.unrecognizedCritical ? "unknownCritical" : "badRequest");
  return grant(question.request, service, exportKey);
}

function grant(request: KeRequest, service: KeService, exportKey: ExportKey): KeAnswer {
  if (!request.protocols.includes(NTPV4))
    return { kind: "answer", octets: encodeKeMessage(nothingRecords("unspoken")), outcome: "unspoken" };
  const aead = chooseAead(request.aeads);
  if (aead === null) return { kind: "answer", octets: encodeKeMessage(nothingRecords("spoken")), outcome: "unspoken" };
  const compliantExporter = request.compliantExporter && aead.name === "AES-128-GCM-SIV";
  const key = (direction: "c2s" | "s2c"): Uint8Array =>
    exportKey(aead.keyOctets, exporterContext({ aead, compliantExporter }, direction));
  const keys: CookieKeys = { aead, c2s: key("c2s"), s2c: key("s2c") };
  const cookies = Array.from({ length: COOKIES_IN_HAND }, () => service.cookie(keys));
  const { server, port } = service;
  const octets = encodeKeMessage(grantRecords({ aead, cookies, server, port, compliantExporter }));
  return { kind: "answer", octets, outcome: "granted" };
}

function refuse(outcome: "badRequest" | "unknownCritical"): KeAnswer {
  const code = outcome === "badRequest" ? KE_ERRORS.badRequest : KE_ERRORS.unrecognizedCritical;
  return { kind: "answer", octets: encodeKeMessage(errorRecords(code)), outcome };
}
