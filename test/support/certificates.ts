/** Certificates for tests of TLS, made by openssl in a folder of the test's: authorities, and who has one of them vouch for him. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, PEM, and where they are. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
  readonly file: string;
  readonly keyFile: string;
}

/** What is special about a certificate. */
export interface CertificateOptions {
  /** Days from now on which it begins and ends. Default −1 and 30. */
  readonly from?: number;
  readonly until?: number;
  /** Who signs it; absent: itself. */
  readonly by?: Certified;
  /** It may sign others. */
  readonly authority?: boolean;
  readonly algorithm?: "ec" | "rsa";
}

const DAY = 86_400_000;

/** Makes certificates in a folder that goes with {@link Certificates.end}. */
export class Certificates {
  readonly folder: string = mkdtempSync(join(tmpdir(), "ntpkit-certificates-"));
  #count = 0;

  /**
   * A certificate.
   * @param names subject alternative names, as `DNS:localhost` or `IP:127.0.0.1`; none: it has no such extension
   */
  make(names: readonly string[], options: CertificateOptions = {}): Certified {
    const { from = -1, until = 30, by, authority = false, algorithm = "ec" } = options;
    this.#count += 1;
    const path = (suffix: string): string => join(this.folder, `${this.#count}.${suffix}`);
    const newKey = algorithm === "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["rsa:2048"];
    this.#openssl(
      "req",
      "-new",
      "-newkey",
      ...newKey,
      "-nodes",
      "-subj",
      `/CN=test ${this.#count}`,
      "-keyout",
      path("key"),
      "-out",
      path("csr"),
    );
    writeFileSync(path("index"), "");
    writeFileSync(
      path("conf"),
      [
        "[ca]\ndefault_ca=it\n[it]",
        `database=${path("index")}\nnew_certs_dir=${this.folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nunique_subject=no\nx509_extensions=ext`,
        "[any]\ncommonName=supplied\n[ext]",
        `basicConstraints=critical,CA:${authority ? "TRUE" : "FALSE"}`,
        ...(names.length === 0 ? [] : [`subjectAltName=${names.join(",")}`]),
      ].join("\n"),
    );
    const signer =
      by === undefined ? ["-selfsign", "-keyfile", path("key")] : ["-cert", by.file, "-keyfile", by.keyFile];
    const [start, end] = [from, until].map(dateOf);
    this.#openssl(
      "ca",
      "-batch",
      "-notext",
      "-config",
      path("conf"),
      ...signer,
      "-startdate",
      start!,
      "-enddate",
      end!,
      "-in",
      path("csr"),
      "-out",
      path("pem"),
    );
    const [file, keyFile] = [path("pem"), path("key")];
    return { certificate: readFileSync(file, "utf8"), key: readFileSync(keyFile, "utf8"), file, keyFile };
  }

  /** Takes the folder away. */
  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #openssl(...args: readonly string[]): void {
    execFileSync("openssl", args, { stdio: "pipe" });
  }
}

/** A day from now on, as `openssl ca` takes it. */
function dateOf(days: number): string {
  return `${new Date(Date.now() + days * DAY).toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
}
