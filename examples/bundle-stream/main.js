/** Reads the answer of a model as it is written. `npm run sizes` says what reading streams adds to a page. */
import { createClient, readStream } from "eitherway/client";

const client = createClient({ url: "/eitherway" });

for await (const chunk of readStream(client, "job/7", "answer")) document.body.append(chunk);
