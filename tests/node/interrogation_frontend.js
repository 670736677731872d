const createRun = async () => {
  const res = await fetch("/api/simulations", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      user_input: "Our activation is dropping after signup redesign.",
      stakeholder_id: "adult_tech_consumer_30_45",
      max_interview_messages: 8
    })
  });
  const run = await res.json();
  const es = new EventSource(run.events_url);

  es.addEventListener("interview.message", (evt) => {
    const message = JSON.parse(evt.data);
    console.log("message", message.payload);
  });

  es.addEventListener("simulation.completed", (evt) => {
    const done = JSON.parse(evt.data);
    console.log("final", done.payload.final_answer);
    es.close();
  });

  es.addEventListener("simulation.error", (evt) => {
    const err = JSON.parse(evt.data);
    console.error(err.payload.message);
    es.close();
  });
};
