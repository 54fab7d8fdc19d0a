/** Why keys could not be established (RFC 8915 §4): one name a cause, the step at which it shows, and what it makes of the server. */
/** The steps of a handshake, in order. `dns` is the last all the same: the NTP server that was negotiated has a name to be looked up. */
export type EstablishStep = "tcp" | "tls" | "alpn" | "certificate" | "records" | "dns";

/** Every cause: where it shows, why the server is not used then, and that in words. */
export const ESTABLISH_FAULTS = {
  refused: {
    step: "tcp",
    reason: "portUnreachable",
    text: "nobody establishes keys there: the connection was refused",
  },
  unreached: { step: "tcp", reason: "noRoute", text: "there is no route to it" },
  silent: { step: "tcp", reason: "unreachable", text: "no connection came about in time" },
  unconnected: { step: "tcp", reason: "unreachable", text: "the system could not connect to it" },
  tlsVersion: { step: "tls", reason: "authentication", text: "it does not speak TLS 1.3" },
  tls: { step: "tls", reason: "authentication", text: "the TLS handshake failed" },
  tlsSilent: { step: "tls", reason: "authentication", text: "the TLS handshake did not end in time" },
  alpn: {
    step: "alpn",
    reason: "authentication",
    text: "it does not speak ntske/1: it is a TLS server, but not for NTS",
  },
  expired: { step: "certificate", reason: "authentication", text: "its certificate has expired" },
  notYetValid: { step: "certificate", reason: "authentication", text: "its certificate is not valid yet" },
  wrongName: { step: "certificate", reason: "authentication", text: "its certificate is for another name" },
  selfSigned: { step: "certificate", reason: "authentication", text: "its certificate is signed by itself alone" },
  untrusted: {
    step: "certificate",
    reason: "authentication",
    text: "its certificate is signed by nobody trusted here",
  },
  certificate: { step: "certificate", reason: "authentication", text: "its certificate is not acceptable" },
  pin: {
    step: "certificate",
    reason: "authentication",
    text: "its certificate is not the one that is pinned",
  },
  cut: { step: "records", reason: "authentication", text: "it closed the connection before its answer was whole" },
  stalled: { step: "records", reason: "authentication", text: "its answer was not whole in time" },
  malformed: { step: "records", reason: "authentication", text: "its answer is no message of NTS-KE" },
  tooLong: { step: "records", reason: "authentication", text: "its answer is longer than any should be" },
  unknownCritical: {
    step: "records",
    reason: "authentication",
    text: "its answer has a critical record that is not known",
  },
  record: { step: "records", reason: "authentication", text: "a record of its answer is not as RFC 8915 has it" },
  error: { step: "records", reason: "authentication", text: "it answered with an error" },
  warning: { step: "records", reason: "authentication", text: "it answered with a warning" },
  protocol: { step: "records", reason: "authentication", text: "it establishes no keys for NTPv4" },
  aead: { step: "records", reason: "authentication", text: "it takes none of the AEADs offered" },
  cookies: { step: "records", reason: "authentication", text: "it gave no cookie" },
  server: {
    step: "records",
    reason: "authentication",
    text: "the NTP server that it names is neither an address nor a name",
  },
  unresolved: { step: "dns", reason: "unresolved", text: "the NTP server that it names has no address" },
} as const;

/** Why keys could not be established. */
export type EstablishFault = keyof typeof ESTABLISH_FAULTS;
