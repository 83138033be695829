//! A crawl past one machine: its list is a stream in Redis, and workers anywhere take from it.
//!
//! At least once: a worker takes targets, fetches them, writes each outcome, and acknowledges the
//! target together with its outcome. What a dead worker has taken is idle after a while; another
//! worker claims it, and fetches it a second time. The outcome stands under the target's URL, so
//! the second one takes the place of the first.

mod redis;

use std::collections::HashSet;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::Duration;

use asyncio::{gather, sleep};
use clap::{Parser, Subcommand};
use crawl::Limits;
use crawler::fetch_page;
use redis::{Redis, Reply};
use stage_09_asyncio as asyncio;

/// The stream of targets, and the group of workers that share it.
const TARGETS: &str = "targets";
const WORKERS: &str = "crawlers";
/// By URL: what came of it, and how many fetches of it were begun since it was added.
const OUTCOMES: &str = "outcomes";
const FETCHES: &str = "fetches";
/// A target that so many workers have taken, and none has ended, may be what kills them.
const MOST_WORKERS: i64 = 3;
/// How long a worker waits for new targets before it looks again at what is idle.
const BLOCK_MS: &str = "200";

/// Crawls a list of URLs with workers on many machines, by way of Redis.
#[derive(Parser)]
struct Arguments {
    /// Where Redis listens, for example redis.example:6379
    #[arg(long, default_value = "127.0.0.1:6379", value_name = "HOST:PORT", global = true)]
    redis: String,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Adds the URLs on standard input, one a line. A URL that was added before is fetched again,
    /// and what came of it before is forgotten
    Fill,
    /// Fetches until every target has an outcome
    Work {
        /// The name of this worker; no other may have it
        name: String,
        /// How many fetches at a time
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        at_once: u32,
        /// How many milliseconds one fetch may take
        #[arg(long, default_value_t = 10_000)]
        deadline: u64,
        /// After how many milliseconds the targets of a silent worker are claimed: longer than
        /// the deadline, or a slow worker is taken for a dead one
        #[arg(long, default_value_t = 20_000)]
        idle: u64,
    },
    /// Says how many targets have outcomes, and which were fetched more than once
    Report,
}

fn main() -> ExitCode {
    let Arguments { redis, task } = Arguments::parse();
    match asyncio::run(run(&redis, task)) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => eprintln!("error: {error}"),
        Err(error) => eprintln!("error: {error}"),
    }
    ExitCode::FAILURE
}

async fn run(address: &str, task: Task) -> io::Result<()> {
    let mut redis = Redis::connect(address).await?;
    match task {
        Task::Fill => fill(&mut redis).await,
        Task::Work { name, at_once, deadline, idle } => {
            let limits = Limits { deadline: Duration::from_millis(deadline), ..Limits::default() };
            work(&mut redis, &name, at_once, limits, idle).await
        }
        Task::Report => report(&mut redis).await,
    }
}

async fn fill(redis: &mut Redis) -> io::Result<()> {
    let mut urls: Vec<String> = io::stdin().lock().lines().collect::<io::Result<_>>()?;
    let mut seen = HashSet::new();
    urls.retain(|url| seen.insert(url.clone()));
    for url in &urls {
        crawl::Url::parse(url).map_err(io::Error::other)?;
    }
    make_group(redis).await?;
    for some in urls.chunks(100) {
        let mut commands = vec![vec!["MULTI"]];
        for url in some {
            commands.push(vec!["HDEL", OUTCOMES, url]);
            commands.push(vec!["HSET", FETCHES, url, "0"]);
            commands.push(vec!["XADD", TARGETS, "*", "url", url]);
        }
        commands.push(vec!["EXEC"]);
        redis.calls(&commands).await?;
    }
    println!("{} targets added", urls.len());
    Ok(())
}

/// The group begins at the first target. Whoever comes first makes it.
async fn make_group(redis: &mut Redis) -> io::Result<()> {
    match redis.call(&["XGROUP", "CREATE", TARGETS, WORKERS, "0", "MKSTREAM"]).await {
        Err(error) if error.to_string().contains("BUSYGROUP") => Ok(()),
        made => made.map(drop),
    }
}

/// A target that this worker has taken.
struct Taken {
    /// Its number in the stream.
    id: String,
    url: String,
}

async fn work(
    redis: &mut Redis,
    name: &str,
    at_once: u32,
    limits: Limits,
    idle: u64,
) -> io::Result<()> {
    make_group(redis).await?;
    let (count, idle) = (at_once.to_string(), idle.to_string());
    let (mut done, mut claimed) = (0, 0);
    // Redis looks at some pending targets at a time, and says where to go on.
    let mut cursor = "0-0".to_owned();
    loop {
        // First what somebody has taken and not ended, then what nobody has taken.
        let claim = ["XAUTOCLAIM", TARGETS, WORKERS, name, &idle, &cursor, "COUNT", &count];
        let reply = redis.call(&claim).await?;
        cursor = reply.at(0).text();
        let mut taken = entries(&reply.at(1));
        claimed += taken.len();
        if taken.is_empty() {
            let read = ["XREADGROUP", "GROUP", WORKERS, name, "COUNT", &count, "BLOCK", BLOCK_MS];
            let read = [&read[..], &["STREAMS", TARGETS, ">"]].concat();
            taken = entries(&redis.call(&read).await?.at(0).at(1));
        }
        if taken.is_empty() {
            if pending(redis).await? == 0 {
                break;
            }
            // Another worker has the last ones. It may die.
            sleep(Duration::from_millis(50)).await;
            continue;
        }
        let begun = taken.iter().map(|it| vec!["HINCRBY", FETCHES, &it.url, "1"]);
        redis.calls(&begun.collect::<Vec<_>>()).await?;
        let workers = times_taken(redis, &taken).await?;
        let fetches =
            taken.iter().zip(workers).map(|(it, workers)| outcome(it.url.clone(), workers, limits));
        let outcomes = gather(fetches.collect::<Vec<_>>()).await;
        for (Taken { id, url }, outcome) in taken.iter().zip(&outcomes) {
            // Both or neither. A worker that dies before leaves the target to another one.
            redis
                .calls(&[
                    vec!["MULTI"],
                    vec!["HSET", OUTCOMES, url, outcome],
                    vec!["XACK", TARGETS, WORKERS, id],
                    vec!["EXEC"],
                ])
                .await?;
            done += 1;
        }
    }
    println!("worker {name}: {done} outcomes, {claimed} targets claimed from others");
    Ok(())
}

/// By target: how many workers have taken it. Redis counts this for each target that nobody has
/// acknowledged, so what was fetched in an earlier crawl does not count.
async fn times_taken(redis: &mut Redis, taken: &[Taken]) -> io::Result<Vec<i64>> {
    let pending = taken.iter().map(|it| vec!["XPENDING", TARGETS, WORKERS, &it.id, &it.id, "1"]);
    let replies = redis.calls(&pending.collect::<Vec<_>>()).await?;
    // Its number, its worker, for how long, how many times.
    Ok(replies.iter().map(|reply| reply.at(0).at(3).number()).collect())
}

/// What comes of a target, as it is kept.
async fn outcome(url: String, workers: i64, limits: Limits) -> String {
    if workers > MOST_WORKERS {
        return format!("worker-died: {MOST_WORKERS} workers have taken it, and none has ended it");
    }
    match fetch_page(&url, limits).await {
        Ok(page) => format!("status {}, {} bytes", page.status, page.body.len()),
        Err(error) => error.to_string(),
    }
}

/// The targets in an answer of `XAUTOCLAIM` or `XREADGROUP`.
fn entries(reply: &Reply) -> Vec<Taken> {
    let entry = |it: &Reply| Taken { id: it.at(0).text(), url: it.at(1).at(1).text() };
    reply.all().iter().map(entry).collect()
}

/// How many targets are taken and not acknowledged.
async fn pending(redis: &mut Redis) -> io::Result<i64> {
    Ok(redis.call(&["XPENDING", TARGETS, WORKERS]).await?.at(0).number())
}

async fn report(redis: &mut Redis) -> io::Result<()> {
    make_group(redis).await?;
    // Not the length of the stream: it has a URL once for each time that it was added.
    let targets = redis.call(&["HLEN", FETCHES]).await?.number();
    let outcomes = redis.call(&["HLEN", OUTCOMES]).await?.number();
    println!("{outcomes} of {targets} outcomes, {} pending", pending(redis).await?);
    let fetches = redis.call(&["HGETALL", FETCHES]).await?.all();
    let mut twice: Vec<(String, i64)> =
        fetches.chunks(2).map(|it| (it[0].text(), it[1].number())).collect();
    twice.retain(|(_, times)| *times > 1);
    twice.sort();
    for (url, times) in twice {
        println!("fetched {times} times: {url}");
    }
    let outcomes = redis.call(&["HGETALL", OUTCOMES]).await?.all();
    for it in outcomes.chunks(2).filter(|it| !it[1].text().starts_with("status 2")) {
        println!("failed: {}: {}", it[0].text(), it[1].text());
    }
    Ok(())
}
