/** Every kernel that lives here, also those whose notebook nobody looks at. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { notify } from "../ui/notices";
import { sizeWords } from "../ui/words";
import { listKernels, type RunningKernel, stopKernel } from "./listing";
import { Place, type Places } from "./place";

const REFRESH_MS = 3_000;

export function RunningKernels({
  server,
  places,
}: {
  readonly server: Server;
  readonly places: Places;
}) {
  const kernels = useQuery({
    queryKey: ["kernels"],
    queryFn: () => listKernels(server),
    refetchInterval: REFRESH_MS,
  });
  const living = (kernels.data ?? []).filter((kernel) => kernel.isAlive);
  return (
    <section className="home-kernels" aria-label="Running kernels">
      <h2>Running</h2>
      {!kernels.isSuccess ? null : living.length === 0 ? (
        <p className="home-note">
          No kernel runs. One starts with the first cell you run, and stays when you close the page.
        </p>
      ) : (
        <ul>
          {living.map((kernel) => (
            <KernelRow key={kernel.kernelId} kernel={kernel} server={server} places={places} />
          ))}
        </ul>
      )}
    </section>
  );
}

function KernelRow(props: {
  readonly kernel: RunningKernel;
  readonly server: Server;
  readonly places: Places;
}) {
  const { kernel, server, places } = props;
  const queries = useQueryClient();
  const stopping = useMutation({
    mutationFn: () => stopKernel(server, kernel.kernelId),
    onError: (problem) => notify({ text: problem.message, tone: "failure" }),
    onSettled: () => queries.invalidateQueries(),
  });
  const name = (kernel.path ?? kernel.notebook).split("/").at(-1) ?? kernel.notebook;
  return (
    <li>
      <span className="lamp" data-mood={kernel.isRunning ? "busy" : "idle"} aria-hidden="true" />
      {kernel.path === null ? (
        <span className="kernel-name">{name}</span>
      ) : (
        <Place className="kernel-name" address={places.notebook(kernel.path)} places={places}>
          {name}
        </Place>
      )}
      <span className="kernel-facts">
        {kernel.isRunning ? "busy" : "idle"}
        {kernel.memoryBytes !== null && `, ${sizeWords(kernel.memoryBytes)}`}
      </span>
      <Button
        icon="stop"
        label={`Stop the kernel of ${name}`}
        look="quiet"
        disabled={stopping.isPending}
        onClick={() => stopping.mutate()}
      />
    </li>
  );
}
