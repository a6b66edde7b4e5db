// Loaded into the traces page before it starts. It names a log line by its trace, span, millisecond and level, so that two lines
// of one moment have the same name, and its page of log lines then fails to open. This adds a number to each name.
import { DevtoolsServer } from "autotel-devtools/server";

let count = 0;
const { addLog, addLogs } = DevtoolsServer.prototype;
const numbered = (/** @type {Parameters<typeof addLog>[0]} */ log) => ({ ...log, id: `${log.id}:${++count}` });

DevtoolsServer.prototype.addLog = function (log) {
  return addLog.call(this, numbered(log));
};
DevtoolsServer.prototype.addLogs = function (logs) {
  return addLogs.call(this, logs.map(numbered));
};
