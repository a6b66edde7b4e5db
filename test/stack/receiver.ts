// What the service calls in these tests, in a container of its own. Its path says how it answers.
import { createServer, type ServerResponse } from "node:http";

/** Between SLOW_REQUEST_MS (1 s) and OUTBOUND_TIMEOUT_MS (1.5 s). */
const slowMs = 1200;

const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "/fast": (response) => void response.end(),
  "/slow": (response) => void setTimeout(() => response.end(), slowMs),
  "/error": (response) => void response.writeHead(500).end(),
  "/never": () => {},
};

createServer((request, response) => {
  request.resume();
  const answer = answers[request.url ?? ""];
  if (answer === undefined) response.writeHead(404).end();
  else answer(response);
}).listen(9000, "0.0.0.0");
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit());
