//! Practice: what a policy learns from its own ways, once it offers good ones.

use super::runs::{Course, Errand, PlannerRun, Runs};
use crate::controller::chance;
use crate::objective::{CostKind, LatentCost};
use crate::rollouts::LatentRollouts;
use crate::system1::System1;
use anyhow::{Context, Result};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use world_model::policy::{Label, Policy};

impl Runs<'_> {
    /// The policy goes to these [goals](Runs::goals), `tries` times to each, for to draw one can take longer than to go there. It
    /// draws among its modes, so that it meets more than it would alone, and each of its decisions is a label: of all ways that it
    /// offers there, the one that is imagined to cost least, as a hybrid agent would go it. That takes a thirtieth of a search, so
    /// there are labels wherever the policy comes, and not only where it misses; and unlike those of a search they are the same
    /// every time. A goal counts as reached where the first try reached it.
    ///
    /// # Errors
    /// A policy that cannot run, a goal that does not fit the model.
    pub fn of_practice(
        &self,
        policy: &Policy,
        cost: CostKind,
        goals: &[Errand],
        tries: usize,
        progress: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<PlannerRun>>> {
        self.all(goals, progress, |course, seed| {
            let mut rng = chance(seed);
            let mut labels = Vec::new();
            let mut reached = Vec::with_capacity(tries);
            for _ in 0..tries {
                let mut attempt = course.again(self)?;
                labels.extend(self.practise(&mut attempt, policy, cost, &mut rng)?);
                reached.push(attempt.reached());
            }
            course.keep_labels(labels, reached.first() == Some(&true));
            Ok(())
        })
    }

    /// One attempt; a label for each decision.
    fn practise(
        &self,
        course: &mut Course,
        policy: &Policy,
        cost: CostKind,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<Label>> {
        let (card, config) = (self.model.card(), self.config);
        let (blocks, steps) = (config.horizon_blocks, config.reaction_steps);
        let steps = steps.clamp(1, card.block());
        let observation = course.goal_observation()?;
        let system1 = System1::new(self.model, policy, &observation)?;
        let shape = self.task.pose_shape();
        let cost = LatentCost::new(cost, self.model, shape, &observation, &config.objective)
            .context("the goal does not fit the model")?;
        let mut rollouts =
            LatentRollouts::new(Arc::clone(self.model), cost, config.objective.action);
        let mut labels = Vec::new();
        while course.goes_on() {
            let latent = course.latent(self.model).to_vec();
            let mut reaction = system1.react(&latent)?;
            let ways = system1.ways(&latent, &reaction, usize::MAX, blocks)?;
            rollouts.start_from(&latent);
            let (way, _) = rollouts.cheapest(&ways, blocks * card.block())?;
            let way = &ways[way * blocks * card.block_action_dim()..];
            let steps_left = system1.steps_left().estimate(&latent)?[0];
            labels.push(Label {
                latent,
                goal: course.goal_latent().to_vec(),
                steps_left,
                // Nobody has gone that way.
                steps_taken: steps_left,
                block: way[..card.block_action_dim()].to_vec(),
            });
            reaction.take(reaction.draw(rng));
            if !course.act(self.model, &reaction.act[..steps * card.action_dim()])? {
                break;
            }
        }
        Ok(labels)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::assets;
    use crate::benchmark::Tier;
    use crate::controller::{ControllerKind, PlanningConfig};
    use sim::Task;
    use sim::variation::Variant;
    use std::path::Path;
    use world_model::WorldModel;

    #[test]
    fn labels_of_practice_are_ways_that_the_policy_offers_and_not_always_the_likeliest() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        let task = Arc::new(Task::load(&folder, "push").unwrap());
        let path = assets::model_path(&folder, "push", false);
        let model = Arc::new(WorldModel::load(&path).unwrap());
        let policy = Policy::load(&assets::policy_path(&path)).unwrap();
        let config = PlanningConfig::default();
        let runs = Runs {
            task: &task,
            variants: &Variant::all(&task).unwrap(),
            model: &model,
            planner: &ControllerKind::Random,
            config: &config,
            seed: 3,
        };
        let goals = runs.goals(&[Tier::Mid], 4, 0..4).unwrap();
        let found = runs
            .of_practice(&policy, CostKind::Pose, &goals, 2, &|| true)
            .unwrap()
            .unwrap();
        let labels: Vec<&Label> = found.iter().flat_map(|run| &run.labels).collect();
        assert!(labels.len() > 8, "{}", labels.len());
        let mut others = 0;
        for label in labels {
            let towards = policy.towards(&label.goal).unwrap();
            let reactions = towards.react(&label.latent, &[label.steps_left]).unwrap();
            let reaction = &reactions[0];
            let mut offers = (0..towards.offers()).map(|offer| reaction.block(offer));
            let likeliest = label.block == reaction.act;
            assert!(likeliest || offers.any(|offer| offer == label.block));
            others += usize::from(!likeliest);
        }
        assert!(others > 0, "nothing but the likeliest was labelled");
        assert!(found.iter().all(|run| run.latents.is_empty()));
    }
}
