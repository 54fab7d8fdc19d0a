/**
 * The one table of ntp.conf commands: what each takes, what counts where it is not given, and who uses it.
 *
 * The parser only interprets this table, and the manual is drawn from it.
 */
import { ASSOCIATION_COMMANDS } from "./associations.ts";
import { SERVICE_COMMANDS } from "./service.ts";
import type { CommandSyntax } from "./syntax.ts";

export type { CommandSyntax, OptionSyntax, Takes } from "./syntax.ts";

/** Every command known. */
export const COMMANDS: Readonly<Record<string, CommandSyntax>> = { ...ASSOCIATION_COMMANDS, ...SERVICE_COMMANDS };
