/**
 * Why a name has no address, by the name servers themselves. getaddrinfo(3) says EAI_AGAIN of a server that fails, of one that refuses
 * and of one that is not there, and "no such name" of names that have other records: who is to mend it, that does not say. So the
 * name servers are asked once more, after it has failed, and what they answer refines the fault.
 */
import type { ResolveFault } from "../engine/port/event.ts";
import { own } from "../wire/own.ts";

/** As long as a name server that is there takes, milliseconds. */
const PATIENCE = 1000;

/** What name servers answer, by the resolver's codes (RFC 1035 §4.1.1); any other adds nothing. */
const ANSWERS: Readonly<Partial<Record<string, ResolveFault>>> = {
  ENODATA: "noAddress",
  ENOTFOUND: "notFound",
  ESERVFAIL: "serverFailure",
  EREFUSED: "refused",
};

/**
 * Refines a fault of the system's resolver.
 * @param family that was asked for
 * @param told takes the fault, at once where asking cannot add to it, else within a second
 * @param servers addresses of name servers; absent: the system's
 */
export function diagnose(
  name: string,
  family: 4 | 6 | null,
  fault: ResolveFault,
  told: (fault: ResolveFault) => void,
  servers?: readonly string[],
): void {
  if (!isAsked(name) || (fault !== "again" && fault !== "notFound" && fault !== "otherFamily")) {
    told(fault);
    return;
  }
  const dns = process.getBuiltinModule("node:dns");
  const resolver = new dns.Resolver({ timeout: PATIENCE, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  // Several name servers are asked in turn.
  const patience = setTimeout(() => resolver.cancel(), PATIENCE);
  const answered = (error: NodeJS.ErrnoException | null): void => {
    clearTimeout(patience);
    const answer = own(ANSWERS, error?.code ?? "");
    if (answer === undefined) told(fault);
    // A family of its own was asked for: that there is none of it says nothing of the other.
    else told(answer === "noAddress" && family !== null ? "otherFamily" : answer);
  };
  if (family === 6) resolver.resolve6(name, answered);
  else resolver.resolve4(name, answered);
}

/** What name servers are not for: words without a dot, which the hosts file or a search list completes, and names of the link (RFC 6762). */
function isAsked(name: string): boolean {
  return name.replace(/\.$/, "").includes(".") && !/\.local\.?$/i.test(name);
}
