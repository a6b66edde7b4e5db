// A peer that works on its first start and dies during the load on the second. MARK: a file that tells the starts apart.
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const mark = process.env.MARK ?? "";
const again = existsSync(mark);
writeFileSync(mark, "");
let answers = 0;
createServer((_request, response) => {
  answers += 1;
  if (again && answers > 50) {
    console.error("out of luck");
    process.exit(3);
  }
  response.end("{}");
}).listen(Number(process.env.PORT), "127.0.0.1");
