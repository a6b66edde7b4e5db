// A local DNS server that answers as a test wants it to.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIP, SocketAddress } from "node:net";

/** Addresses (it sends those of the requested family), a failure, or no answer at all. */
export type DnsAnswer = readonly string[] | "nxdomain" | "servfail" | "refused" | "silent" | "forged";
type Answers = (name: string, family: 4 | 6) => DnsAnswer | Promise<DnsAnswer>;

const codes = { servfail: 2, nxdomain: 3, refused: 5 } as const;

/** Starts the server. `asked` lists the names of all queries, of either family, in order of arrival. */
export async function dnsServer(answers: Answers) {
  const asked: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", async (message, { port, address }) => {
    const { name, family, question } = parse(message);
    asked.push(name);
    const answer = await answers(name, family);
    if (answer === "silent") return;
    const reply = replyTo(message.readUInt16BE(0), question, answer, family);
    socket.send(reply, port, address, () => {});
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    servers: [`127.0.0.1:${socket.address().port}`],
    asked,
    async stop() {
      socket.close();
      await once(socket, "close");
    },
  };
}

function parse(message: Buffer): { name: string; family: 4 | 6; question: Buffer } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = message.readUInt16BE(at + 1);
  return { name: labels.join(".").toLowerCase(), family: type === 28 ? 6 : 4, question: message.subarray(12, at + 5) };
}

function replyTo(id: number, question: Buffer, answer: Exclude<DnsAnswer, "silent">, family: 4 | 6): Buffer {
  const given = answer === "forged" ? ["127.0.0.1"] : typeof answer === "string" ? [] : answer;
  const records = given
    .filter((address) => isIP(address) === family)
    .map((address) => {
      const bytes = bytesOf(address);
      // A pointer to the name in the question, the type, class IN, and a TTL of a minute.
      return Buffer.concat([
        Buffer.from([0xc0, 12, 0, family === 6 ? 28 : 1, 0, 1, 0, 0, 0, 60, 0, bytes.length]),
        bytes,
      ]);
    });
  const head = Buffer.alloc(12);
  // A forged reply has the wrong id.
  head.writeUInt16BE(answer === "forged" ? id ^ 1 : id, 0);
  head.writeUInt16BE(0x8180 | (typeof answer === "string" && answer !== "forged" ? codes[answer] : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, question, ...records]);
}

function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = new SocketAddress({ address, family: "ipv6" }).address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill("0");
  return Buffer.from(
    [...groups(head), ...zeros, ...groups(tail)].map((group) => group.padStart(4, "0")).join(""),
    "hex",
  );
}
