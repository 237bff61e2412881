// An SMTP server that takes every mail and keeps none (RFC 5321, RFC 2920, RFC 4954): the far end of scripts/bench/send.ts,
// in a process of its own so that its work is not counted. Prints its port, and on SIGTERM how many mails it took.

interface Session {
  text: string;
  in_data: boolean;
}

const END = "\r\n.\r\n";
const EHLO = "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n";
let mails = 0;

const server = Bun.listen<Session>({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket) {
      socket.data = { text: "", in_data: false };
      socket.write("220 sink.test ESMTP\r\n");
    },
    data(socket, bytes) {
      const session = socket.data;
      session.text += bytes.toString("latin1");
      const answer = answerAll(session);
      if (answer !== "") socket.write(answer);
      if (answer.endsWith("221 bye\r\n")) socket.end();
    },
  },
});

process.on("SIGTERM", () => {
  process.stdout.write(`${mails}\n`, () => process.exit(0));
});
process.stdout.write(`${server.port}\n`);

/** Takes all whole commands and bodies off the text; their answers in one piece. */
function answerAll(session: Session): string {
  let answer = "";
  for (;;) {
    const end = session.text.indexOf(session.in_data ? END : "\r\n");
    if (end < 0) return answer;
    if (session.in_data) {
      session.text = session.text.slice(end + END.length);
      session.in_data = false;
      mails++;
      answer += `250 2.0.0 taken as ${mails}\r\n`;
    } else {
      const verb = session.text.slice(0, 4).toUpperCase();
      session.text = session.text.slice(end + 2);
      session.in_data = verb === "DATA";
      answer += answerOne(verb);
    }
  }
}

function answerOne(verb: string): string {
  switch (verb) {
    case "EHLO":
      return EHLO;
    case "AUTH":
      return "235 2.7.0 welcome\r\n";
    case "DATA":
      return "354 go on\r\n";
    case "QUIT":
      return "221 bye\r\n";
    default:
      return "250 2.0.0 ok\r\n";
  }
}
