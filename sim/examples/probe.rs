use std::{path::Path, sync::Arc, time::Instant};
use sim::*;
fn main() {
    let assets = Path::new("assets");
    for name in Task::list(assets).unwrap() {
        let task = Arc::new(Task::load(assets, &name).unwrap());
        let variant = sim::variation::Variant::of(&task, None).unwrap();
        println!("== {name} obs {:?} pose {:?}", task.observation_names(), task.pose_names());
        let mut env = Env::new(task.clone(), variant.clone()).unwrap();
        for kind in BehaviourKind::ALL {
            let t = Instant::now();
            let (mut moved, mut turned, mut pre) = (0.0, 0.0, 0);
            let mut fails = 0;
            let n = 60;
            let mut maxv = 0f32;
            for e in 0..n {
                env.reset(e).unwrap();
                let mut b = Behaviour::new(kind, task.action_dim(), e);
                let p0 = env.pose();
                for _ in 0..50 {
                    let a = match b.act(&env) { Ok(a) => a, Err(e) => { println!("{e}"); fails += 1; break } };
                    if let Err(e) = env.step(&a) { println!("{e}"); fails += 1; break }
                    maxv = env.observation().iter().fold(maxv, |m, x| m.max(x.abs()));
                }
                let p1 = env.pose();
                let s = task.pose_shape();
                moved += s.position_error_m(&p1, &p0);
                turned += s.yaw_error_rad(&p1, &p0).to_degrees();
                pre += env.achieved(&p0) as u32;
            }
            println!("{:?}: moved {:.3} m turned {:.1} deg presolved {pre}/{n} fails {fails} max {maxv:.2} {:.0} ctrl steps/s", kind, moved / n as f32, turned / n as f32, (n * 50) as f64 / t.elapsed().as_secs_f64());
        }
        // response
        env.reset(3).unwrap();
        println!("{:?}", env.observation());
        for _ in 0..20 { env.step(&vec![1.0; task.action_dim()]).unwrap(); }
        println!("{:?}", env.observation());
        for _ in 0..20 { env.step(&vec![0.0; task.action_dim()]).unwrap(); }
        println!("{:?}", env.observation());
        let t = Instant::now();
        for _ in 0..1000 { std::hint::black_box(env.fork()); }
        println!("fork {:?}", t.elapsed() / 1000);
        let snap = env.snapshot().unwrap(); println!("snapshot {}", snap.len());
        let mut f = env.fork(); let mut g = Env::new(task.clone(), variant).unwrap(); g.restore(&snap).unwrap();
        for i in 0..200 { let a = vec![(i as f32 * 0.1).sin(); task.action_dim()]; env.step(&a).unwrap(); f.step(&a).unwrap(); g.step(&a).unwrap(); }
        println!("fork equal {} restore equal {}", env.snapshot().unwrap() == f.snapshot().unwrap(), env.snapshot().unwrap() == g.snapshot().unwrap());
        let t = Instant::now();
        for _ in 0..500 { env.step(&vec![0.1; task.action_dim()]).unwrap(); }
        println!("{:.0} physics steps/s", 5000.0 / t.elapsed().as_secs_f64());
    }
}
