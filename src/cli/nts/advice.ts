/** What is to be done where a step of `ntpkit nts` fails: one sentence each, by what the handshake says went wrong. */
import type { EstablishFault } from "../../engine/port/establish.ts";

/** By the fault of a handshake; those that are not here have the step's. */
const BY_FAULT: Readonly<Partial<Record<EstablishFault, string>>> = {
  refused: "Is that the host, and the port on which it establishes keys? It is 4460 unless HOST:PORT names another.",
  unreached:
    "This host has no route there: is the network up, and does it have that address family? -4 or -6 picks one.",
  silent: "That TCP port is blocked on the way, or the host is down: ask who runs the firewall to let it out.",
  unconnected: "The system could not connect: -v of other commands to that host may say more.",
  tlsVersion:
    "NTS wants TLS 1.3: the server's operator has to allow it, or something in between ends the connection itself.",
  tls: "Something that is no TLS server answers at that port, or a middlebox interferes: is it the port of key establishment?",
  tlsSilent: "It takes the connection and says nothing: is it the port of key establishment?",
  alpn: "Is that the port of key establishment? It is 4460 unless said.",
  expired: "The server's operator has to renew its certificate.",
  notYetValid: "The server's operator has installed a certificate that is not valid yet.",
  wrongName: "Name the server as its certificate does, or have its operator add this name.",
  selfSigned: "If it is yours, trust it by --ca FILE or --pin SHA256; else ask its operator who signs it.",
  untrusted:
    "If its authority is yours, name it by --ca FILE; the server has to send every certificate below the root.",
  pin: "If its operator has renewed it, and says so by another way, pin the new one.",
  cut: "The server, or something in between, ends the connection in the middle: its operator's log may say why.",
  stalled: "The server does not end its answer: its operator's log may say why.",
  error: "The server says that the request is wrong, or that something is wrong with itself: tell its operator.",
  protocol: "It establishes keys for something else than NTPv4: ask another server.",
  aead: "It takes no AEAD that ntpkit has, although AES-SIV-CMAC-256 is mandatory: tell its operator.",
  cookies: "Keys without cookies are of no use: tell its operator.",
  server: "Tell the operator of this server of key establishment.",
};

/** The sentence for a fault. */
export function adviceFor(why: EstablishFault): string {
  return BY_FAULT[why] ?? "Its answer is not as RFC 8915 has it: tell its operator, with this report.";
}

/** The sentences for steps that are no handshake's. */
export const ADVICE = {
  dns: "Check the spelling, or give an IP address.",
  serverName: "The server that keys are for has no address: tell the operator of the one that names it.",
  clock:
    "The certificate is good and this host's clock is not: set the clock first, or let `ntpkit sync --nts --nts-bootstrap` do so.",
  theirClock:
    "By the time that the server tells its own certificate is not valid: one of the two is wrong, tell its operator.",
  soon: "Whoever renews the certificate should have done so by now: tell its operator.",
  mandatory: "AES-SIV-CMAC-256 is mandatory (RFC 8915), and most clients have no other: tell its operator.",
  blocked:
    "That UDP port is blocked on the way, or nobody serves there: ask who runs the firewall to let NTP out and in.",
  sized:
    "Plain NTP is answered and this is not: something on the way drops NTP packets of that size, or the server does not know its own cookies.",
  shorter:
    "Something on the way drops NTP packets of that size: a server with AES-128-GCM-SIV makes shorter ones, and ntpkit turns to it by itself.",
  refused:
    "The server does not know the cookies that it has just given: its key establishment and its NTP server have different keys.",
  placeholders: "Something on the way drops longer NTP packets: ntpkit asks for fewer cookies at a time by itself.",
  nak: "It says nothing to a cookie that it does not know: after its keys have changed clients learn so by waiting only.",
} as const;
