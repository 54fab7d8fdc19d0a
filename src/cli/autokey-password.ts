/** The password of Autokey's encrypted files, where one is given. */
import { UsageError } from "../config/usage.ts";
import { systemReason } from "../security/place.ts";
import { LARGEST, readText } from "../security/readfile.ts";

/** The first line of the file; `null`: the host's name is the password, as ntpd has it. @throws UsageError */
export function passwordOf({ autokeyPassword: file }: { readonly autokeyPassword?: string }): string | null {
  if (file === undefined) return null;
  try {
    return readText(file, LARGEST.certificates).replace(/\r?\n[^]*$/, "");
  } catch (error) {
    throw new UsageError(`--autokey-password: ${file} cannot be read: ${systemReason(error)}`);
  }
}
