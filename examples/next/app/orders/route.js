/** A route of the application, which publishes. */
import { ew } from "../../eitherway.js";

export async function POST() {
  const { id } = await ew.publish("orders", { at: Date.now() }); // every open page has it from here on
  return Response.json({ id }, { status: 201 });
}
