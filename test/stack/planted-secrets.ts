// Plants unique texts where secrets must not get through, and looks for them later.
import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";

/** Distinguishes this run's texts from any other's. */
export const run = randomBytes(4).toString("hex");
const planted: string[] = [];

/** Returns a unique text and remembers it. */
export function plant(): string {
  planted.push(`planted${run}x${planted.length}x`);
  return planted.at(-1) ?? "";
}

function base64(text: string): string {
  planted.push(Buffer.from(text).toString("base64url"));
  return planted.at(-1) ?? "";
}

/** A unique text in the payload of a token. */
export function jwt(): string {
  const [header, payload] = [{ alg: "HS256" }, { sub: plant() }].map((part) => base64(JSON.stringify(part)));
  return `${header}.${payload}.${plant()}`;
}

function number(): string {
  planted.push(String(randomInt(1e11, 1e12)));
  return planted.at(-1) ?? "";
}

/** Texts with a secret: the ways in which secrets get into messages. */
export const texts: Record<string, () => string> = {
  "a JWT": () => `rejected ${jwt()} as expired`,
  "a bearer token": () => `Authorization: Bearer ${plant()}`,
  "a bearer token alone": () => `sent bearer ${plant()}`,
  "basic credentials": () => `sent Basic ${base64(plant())}`,
  "other credentials": () => `authorization: Digest username="me", response=${plant()}`,
  "other credentials, as a variable": () => `AUTHORIZATION: ${plant()}\nCOOKIE: sid=${plant()}`,
  "a cookie": () => `Cookie: theme=dark; sid=${plant()}; other=${plant()}`,
  "a cookie that is set": () => `set-cookie: sid=${plant()}; Path=/`,
  "JSON with a password": () => `{"user":"me","password":"${plant()} and ${plant()}"}`,
  "JSON in JSON": () => JSON.stringify({ body: JSON.stringify({ apiKey: plant() }) }),
  "name=value": () => `cannot log in: password=${plant()}, retrying`,
  "name: value": () => `token: ${plant()}`,
  secrets: () => `client_secret=${plant()} accessKey: ${plant()} private_key='${plant()}'`,
  variables: () => `DB_PASSWORD=${plant()} CLIENT_SECRET=${plant()} AUTH_TOKEN=${plant()} AWS_ACCESS_KEY='${plant()}'`,
  "an argument": () => `cli --password ${plant()} --verbose`,
  "a header with a key": () => `X-API-Key: ${plant()}`,
  "a URL with credentials": () => `connect to mysql://app:${plant()}@mysql:3306/service`,
  "a URL with a token for a user": () => `clone https://${plant()}@git.example.com/x.git`,
  "a URL with parameters": () => `GET http://example.com/x?sig=${plant()}&name=${plant()} failed`,
  "keys of well-known makes": () =>
    ["ghp_", "glpat-", "xoxb-", "sk_live_", "AKIA", "AIza"].map((prefix) => `key ${prefix}${plant()}`).join(),
};

/** Names of attributes that hold secrets. */
export const secretKeys = [
  "X-API-Key",
  "aws.access_key",
  "aws.credentials",
  "clientSecret",
  "accessToken",
  "private_key",
  "DB_PASSWORD",
  "CLIENT_SECRET",
  "AUTH_TOKEN",
  "AWS_ACCESS_KEY",
];

/** A statement with literals. It leaves the collector as {@link withoutLiterals}. */
export const withLiterals = () =>
  `SELECT * FROM t1 WHERE a = '${plant()}''${plant()}' AND b = "${plant()}" AND c IN (${number()}, -${number()}.47e3) ` +
  `AND d = 'it\\'s ${plant()}' AND e LIKE ? AND f = $1 AND g = '${plant()}`;
export const withoutLiterals =
  "SELECT * FROM t1 WHERE a = ? AND b = ? AND c IN (?, -?) AND d = ? AND e LIKE ? AND f = $1 AND g = ?";

/** Fails if `text` contains anything planted so far, and shows where. */
export function expectNothingPlantedIn(text: string): void {
  const found = planted.filter((secret) => text.includes(secret));
  assert.deepEqual(found, [], found.map((secret) => around(text, secret)).join("\n"));
}

function around(text: string, secret: string): string {
  const at = text.indexOf(secret);
  return text.slice(Math.max(0, at - 100), at + 60);
}
