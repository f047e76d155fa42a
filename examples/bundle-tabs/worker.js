/** The worker that holds the connection of all tabs. */
import "eitherway/client/tabs/worker";
