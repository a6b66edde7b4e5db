// Creates certificates for the tests' servers and clients with the openssl command.
import { execFileSync } from "node:child_process";
import { chmodSync, renameSync, writeFileSync } from "node:fs";

export interface Certificate {
  cert: string;
  key: string;
}

/** Creates CAs and certificates in `folder`, readable for a server that runs as another user. */
export class Certificates {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    chmodSync(folder, 0o755);
  }

  /** Creates a CA. */
  authority(name: string): Certificate {
    const { cert, key } = this.#paths(name);
    this.#openssl("req", "-x509", ...fresh, "-subj", `/CN=${name}`, "-days", "2", "-keyout", key, "-out", cert);
    return this.#readable({ cert, key });
  }

  /** Issues a certificate for `host`. Replaces an earlier one of the same `name`. */
  issue(name: string, host: string, authority: Certificate): Certificate {
    const { cert, key } = this.#paths(name);
    const request = `${this.#folder}/${name}.csr`;
    const extensions = `${this.#folder}/${name}.ext`;
    this.#openssl("req", ...fresh, "-subj", `/CN=${host}`, "-keyout", `${key}.new`, "-out", request);
    writeFileSync(extensions, `subjectAltName=DNS:${host}\n`);
    const signed = ["-CA", authority.cert, "-CAkey", authority.key, "-CAcreateserial", "-extfile", extensions];
    this.#openssl("x509", "-req", "-in", request, ...signed, "-days", "2", "-out", cert);
    renameSync(`${key}.new`, key);
    return this.#readable({ cert, key });
  }

  #paths(name: string): Certificate {
    return { cert: `${this.#folder}/${name}.pem`, key: `${this.#folder}/${name}-key.pem` };
  }

  #readable(certificate: Certificate): Certificate {
    chmodSync(certificate.key, 0o644);
    return certificate;
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: "pipe" });
  }
}

const fresh = ["-newkey", "rsa:2048", "-nodes", "-sha256"];
