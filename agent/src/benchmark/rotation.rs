//! Mental rotation: what the latent at the start of an episode becomes in the imagination, through all actions executed since,
//! beside what is there.

use super::episode::Turn;
use crate::controller::Controller;
use crate::system2::Imaginer;
use anyhow::Result;
use sim::Env;

/// The start of an episode, and what was done since.
#[derive(Default)]
pub(super) struct MentalRotation {
    /// True pose and latent at the start.
    start: Option<(Vec<f32>, Vec<f32>)>,
    /// `[steps, action_dim]`
    pub executed: Vec<f32>,
}

impl MentalRotation {
    /// Compares the imagined turn with the true one, in the state that the controller observed last. Does nothing where the
    /// object has no orientation, or nothing is imagined in the latent.
    ///
    /// # Errors
    /// When the actions are not whole blocks of the model.
    pub fn look(
        &mut self,
        env: &Env,
        controller: &mut Controller,
        turns: &mut Vec<Turn>,
    ) -> Result<()> {
        let shape = env.task().pose_shape();
        if !shape.has_yaw {
            return Ok(());
        }
        let Some(Imaginer::Latent(rollouts, _)) = controller.system2_mut().map(|s| s.imaginer())
        else {
            return Ok(());
        };
        let pose = env.pose();
        let Some((first, latent)) = &self.start else {
            self.start = Some((pose, rollouts.latent().to_vec()));
            return Ok(());
        };
        let imagined = rollouts.pose_after(latent, &self.executed)?;
        let encoded = rollouts.pose_after(rollouts.latent(), &[])?;
        turns.push(Turn {
            turned_rad: shape.yaw_error_rad(&pose, first),
            imagined_error_rad: shape.yaw_error_rad(&imagined, &pose),
            encoded_error_rad: shape.yaw_error_rad(&encoded, &pose),
        });
        Ok(())
    }
}
